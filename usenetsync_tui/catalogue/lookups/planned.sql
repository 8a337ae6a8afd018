-- page
-- The current rows after a key, in path order, and what they are to the newest finished version:
-- whether the path is in it, and whether the row is. (No more rows than hold about 1 MiB of long
-- paths, as in files.sql.)
SELECT {current_row.columns},
       first_version <= %(finished)s AS is_in_it,
       first_version > %(finished)s AND EXISTS (
           SELECT FROM files w
            WHERE w.folder_id = f.folder_id AND w.path_key = f.path_key
              AND w.first_version <= %(finished)s
              AND (w.last_version IS NULL OR w.last_version >= %(finished)s)) AS was_in_it
  FROM (SELECT *, coalesce(sum(coalesce(octet_length(long_path), 0)) OVER (
           ORDER BY path_key ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
          FROM (SELECT * FROM files
                 WHERE folder_id = %(folder)s AND last_version IS NULL
                   AND (%(after)s::bytea IS NULL OR path_key > %(after)s)
                 ORDER BY path_key
                 LIMIT %(limit)s) AS page) AS f
 WHERE before < 1048576
 ORDER BY path_key;
