-- page
-- What differs between two versions, after a path: rows that are true in only one of them. A
-- directory in both is no difference.
SELECT min(coalesce(long_path, path_key)),
       (array_agg(kind ORDER BY first_version DESC))[1],
       min(size) FILTER (WHERE first_version <= %(older)s),
       min(size) FILTER (WHERE first_version > %(older)s),
       max(last_version) + 1
  FROM files
 WHERE folder_id = %(folder)s AND (%(after)s::bytea IS NULL OR path_key > %(after)s)
   AND (first_version <= %(older)s AND (last_version IS NULL OR last_version >= %(older)s))
       <> (first_version <= %(newer)s AND (last_version IS NULL OR last_version >= %(newer)s))
 GROUP BY path_key
HAVING count(*) = 1 OR max(kind) <> {kind.directory}
 ORDER BY path_key
 LIMIT %(limit)s;
