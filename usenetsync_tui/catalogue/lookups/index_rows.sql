-- changed_page
-- The rows of a version that are new since an earlier one, from a key on: all rows if that is 0. A
-- path that the earlier version had, too, is modified. (No more rows than hold about 1 MiB of long
-- paths, as in the other pages of files.)
SELECT {index_row.columns},
       EXISTS (SELECT FROM files o
                WHERE o.folder_id = f.folder_id AND o.path_key = f.path_key
                  AND o.first_version <= %(since)s AND o.last_version >= %(since)s)
  FROM (SELECT *, coalesce(sum(coalesce(octet_length(long_path), 0)) OVER (
           ORDER BY path_key ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
          FROM (SELECT * FROM files
                 WHERE folder_id = %(folder)s AND path_key >= %(start)s
                   AND first_version > %(since)s AND first_version <= %(version)s
                   AND (last_version IS NULL OR last_version >= %(version)s)
                 ORDER BY path_key
                 LIMIT %(limit)s) AS page) AS f
 WHERE before < 1048576
 ORDER BY path_key;

-- removed_page
-- The paths of an earlier version that a later one does not have, from a key on.
SELECT coalesce(long_path, path_key), path_key
  FROM (SELECT *, coalesce(sum(coalesce(octet_length(long_path), 0)) OVER (
           ORDER BY path_key ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
          FROM (SELECT * FROM files g
                 WHERE folder_id = %(folder)s AND path_key >= %(start)s
                   AND first_version <= %(since)s
                   AND last_version >= %(since)s AND last_version < %(version)s
                   AND NOT EXISTS (
                       SELECT FROM files n
                        WHERE n.folder_id = g.folder_id AND n.path_key = g.path_key
                          AND n.first_version <= %(version)s
                          AND (n.last_version IS NULL OR n.last_version >= %(version)s))
                 ORDER BY path_key
                 LIMIT %(limit)s) AS page) AS f
 WHERE before < 1048576
 ORDER BY path_key;

-- brought
-- The objects that a version uses and that versions from `base` to `since` did not, after an id: all
-- that it uses if `since` is 0. And those of any version from `base` on whose articles have got other
-- names since the last run was begun.
SELECT o.id
  FROM objects o
 WHERE o.folder_id = %(folder)s AND o.id > %(after)s AND o.kind <> {object.index}
   AND EXISTS (SELECT FROM files f
                WHERE f.folder_id = o.folder_id AND f.object_id = o.id
                  AND f.path_key BETWEEN o.first_key AND o.last_key
                  AND f.first_version <= %(version)s
                  AND (f.last_version IS NULL OR f.last_version >= coalesce(
                       nullif(%(base)s, 0), %(version)s)))
   AND (EXISTS (SELECT FROM files f
                 WHERE f.folder_id = o.folder_id AND f.object_id = o.id
                   AND f.path_key BETWEEN o.first_key AND o.last_key
                   AND f.first_version <= %(version)s
                   AND (f.last_version IS NULL OR f.last_version >= %(version)s))
        AND NOT EXISTS (SELECT FROM files f
                         WHERE f.folder_id = o.folder_id AND f.object_id = o.id
                           AND f.path_key BETWEEN o.first_key AND o.last_key
                           AND f.first_version <= %(since)s
                           AND (f.last_version IS NULL OR f.last_version >= %(base)s))
        OR EXISTS (SELECT FROM segments s JOIN aliases a ON a.message_id = s.message_id
                    WHERE s.object_id = o.id AND a.at >= %(last_run)s))
 ORDER BY o.id
 LIMIT %(limit)s;

-- segments
-- The slices of some objects with their posted copies, after a slice: one row for each slice.
SELECT o.id, o.realm_id, o.kind, o.size, o.segment_size, s.segment_index,
       (array_agg(s.hash ORDER BY s.redundancy))[1],
       array_remove(array_agg(CASE WHEN s.status IN {segment.there} THEN s.message_id END
                              ORDER BY s.redundancy), NULL),
       array_remove(array_agg(CASE WHEN s.status IN {segment.there} THEN s.codec END
                              ORDER BY s.redundancy), NULL),
       array_remove(array_agg(CASE WHEN s.status IN {segment.there} THEN s.payload_size END
                              ORDER BY s.redundancy), NULL)
  FROM objects o JOIN segments s ON s.object_id = o.id AND s.status <> {segment.stale}
 WHERE o.id = ANY(%(objects)b::int8[]) AND (o.id, s.segment_index) > (%(object)s, %(index)s)
 GROUP BY o.id, s.segment_index
 ORDER BY o.id, s.segment_index
 LIMIT %(limit)s;

-- aliases
-- The names that servers gave some articles, or that they had before.
SELECT message_id, wire_id FROM aliases WHERE message_id = ANY(%(message_ids)b::bytea[])
 ORDER BY message_id, adopted DESC, wire_id;
