-- base_rows
-- The rows of a version with short paths, in path order.
SELECT {index_row.columns}, 0::int2
  FROM files f
 WHERE f.folder_id = %(folder)s AND f.long_path IS NULL AND f.first_version <= %(version)s
   AND (f.last_version IS NULL OR f.last_version >= %(version)s)
 ORDER BY f.path_key;

-- long_base_rows
-- The rows of a version with long paths, in path order: that of their keys is another. The server
-- sorts them, on disk if they are many.
SELECT {index_row.columns}, 0::int2
  FROM files f
 WHERE f.folder_id = %(folder)s AND f.long_path IS NOT NULL AND f.first_version <= %(version)s
   AND (f.last_version IS NULL OR f.last_version >= %(version)s)
 ORDER BY f.long_path;

-- delta_rows
-- What a version has and an earlier one had not (1; 2 for a path that the earlier one had too), and
-- the paths that it no longer has (3), in path order: those with long paths, or the others. Rows of
-- earlier versions that changed since the last run count as changed, too; one that waits to be read
-- again is as the last run described it. (The condition on 1 is that of the index files_begun.)
SELECT {index_row.columns}, f.change
  FROM (SELECT n.*, CASE WHEN EXISTS (
                   SELECT FROM files o
                    WHERE o.folder_id = n.folder_id AND o.path_key = n.path_key
                      AND o.first_version <= %(since)s AND o.last_version >= %(since)s)
               THEN 2 ELSE 1 END::int2 AS change
          FROM files n
         WHERE n.folder_id = %(folder)s AND n.first_version > %(since)s AND n.first_version > 1
           AND n.first_version <= %(version)s
           AND (n.last_version IS NULL OR n.last_version >= %(version)s)
         UNION ALL
        SELECT c.*, 2::int2
          FROM files c
         WHERE c.folder_id = %(folder)s AND c.changed_at >= %(last_run)s
           AND c.first_version <= %(since)s AND c.state <> {file.pending}
           AND (c.last_version IS NULL OR c.last_version >= %(version)s)
         UNION ALL
        SELECT g.*, 3::int2
          FROM files g
         WHERE g.folder_id = %(folder)s AND g.first_version <= %(since)s
           AND g.last_version >= %(since)s AND g.last_version < %(version)s
           AND NOT EXISTS (
               SELECT FROM files n
                WHERE n.folder_id = g.folder_id AND n.path_key = g.path_key
                  AND n.first_version <= %(version)s
                  AND (n.last_version IS NULL OR n.last_version >= %(version)s))) AS f
 WHERE (f.long_path IS NOT NULL) = %(long)s
 ORDER BY coalesce(f.long_path, f.path_key);

-- base_objects
-- The objects that a version uses, by id.
SELECT DISTINCT object_id
  FROM files
 WHERE folder_id = %(folder)s AND object_id IS NOT NULL AND first_version <= %(version)s
   AND (last_version IS NULL OR last_version >= %(version)s)
 ORDER BY object_id;

-- delta_objects
-- The objects that a version uses and that versions from `base` to `since` did not, by id; those
-- that earlier files have moved to since the last run; and those whose articles have got other names
-- since then, or that have got other articles. A file keeps its object as long as its
-- path has it: so rows of the same path say whether an object was there before, for one of its
-- files at least. (An object that is listed again costs some bytes, nothing else.)
SELECT n.object_id
  FROM files n
 WHERE n.folder_id = %(folder)s AND n.object_id IS NOT NULL
   AND n.first_version > %(since)s AND n.first_version > 1 AND n.first_version <= %(version)s
   AND (n.last_version IS NULL OR n.last_version >= %(version)s)
 GROUP BY n.object_id
HAVING NOT bool_or(EXISTS (
       SELECT FROM files o
        WHERE o.folder_id = n.folder_id AND o.path_key = n.path_key
          AND o.object_id = n.object_id AND o.first_version <= %(since)s
          AND (o.last_version IS NULL OR o.last_version >= %(base)s)))
 UNION
SELECT object_id
  FROM files
 WHERE folder_id = %(folder)s AND changed_at >= %(last_run)s AND replaced
   AND object_id IS NOT NULL AND first_version <= %(since)s AND state = {file.planned}
   AND (last_version IS NULL OR last_version >= %(version)s)
 UNION
SELECT o.id
  FROM aliases a
  JOIN segments s ON s.message_id = a.message_id
  JOIN objects o ON o.id = s.object_id
 WHERE a.at >= %(last_run)s AND o.folder_id = %(folder)s AND o.kind <> {object.index}
 UNION
SELECT id FROM objects WHERE folder_id = %(folder)s AND rewritten_at >= %(last_run)s
 ORDER BY 1;

-- copies
-- The slices of some objects with their copies, in order: one row for each copy.
SELECT o.id, o.realm_id, o.kind, o.size, o.segment_size, s.segment_index, s.hash,
       s.status IN {segment.there}, s.message_id, s.codec, s.payload_size
  FROM objects o JOIN segments s ON s.object_id = o.id AND s.status <> {segment.stale}
 WHERE o.id = ANY(%(objects)b::int8[])
 ORDER BY o.id, s.segment_index, s.redundancy;

-- aliases
-- The names that servers gave some articles, or that they had before.
SELECT message_id, wire_id FROM aliases WHERE message_id = ANY(%(message_ids)b::bytea[])
 ORDER BY message_id, adopted DESC, wire_id;
