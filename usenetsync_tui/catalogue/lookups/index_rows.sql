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
-- the paths that it no longer has (3), in path order: those with long paths, or the others. (The
-- condition on 1 is that of the index files_begun.)
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
-- The objects that a version uses and that versions from `base` to `since` did not, by id; and those
-- whose articles have got other names since the last run. An object above `newest` is newer than
-- that run. Most others belong to the same path as before; only the rest are looked for among the
-- rows of the object.
WITH begun AS (
    SELECT n.object_id,
           bool_or(n.object_id <= %(newest)s AND EXISTS (
               SELECT FROM files o
                WHERE o.folder_id = n.folder_id AND o.path_key = n.path_key
                  AND o.object_id = n.object_id AND o.first_version <= %(since)s
                  AND (o.last_version IS NULL OR o.last_version >= %(base)s))) AS known
      FROM files n
     WHERE n.folder_id = %(folder)s AND n.object_id IS NOT NULL
       AND n.first_version > %(since)s AND n.first_version > 1
       AND n.first_version <= %(version)s
       AND (n.last_version IS NULL OR n.last_version >= %(version)s)
     GROUP BY n.object_id)
SELECT o.id
  FROM begun b JOIN objects o ON o.id = b.object_id
 WHERE NOT b.known
   AND (o.id > %(newest)s OR NOT EXISTS (
       SELECT FROM files f
        WHERE f.folder_id = o.folder_id AND f.object_id = o.id
          AND f.path_key BETWEEN o.first_key AND o.last_key
          AND f.first_version <= %(since)s
          AND (f.last_version IS NULL OR f.last_version >= %(base)s)))
 UNION
SELECT o.id
  FROM aliases a
  JOIN segments s ON s.message_id = a.message_id
  JOIN objects o ON o.id = s.object_id
 WHERE a.at >= %(last_run)s AND o.folder_id = %(folder)s AND o.kind <> {object.index}
 ORDER BY 1;

-- newest_object
-- An object that is as new as a run: its newest page. 0 if there is none.
SELECT coalesce(max(object_id), 0) FROM index_pages
 WHERE folder_id = %(folder)s AND version = %(version)s AND level = 0;

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
