-- page
-- What differs between two versions, after a path: a row of the older one beside the row of the
-- newer one. A path that one version lacks may have its twin there: a file in the place of a
-- directory, or the reverse. The two are one change, and the older version's path names it.
SELECT coalesce(o.long_path, o.path_key, n.long_path, n.path_key),
       coalesce(n.kind, t.kind, o.kind), o.kind, o.size, coalesce(n.size, t.size),
       CASE WHEN t.kind IS NOT NULL THEN ARRAY['type']
            WHEN o.kind IS NOT NULL AND n.kind IS NOT NULL THEN {kinds} END,
       CASE WHEN n.kind IS NULL AND t.kind IS NULL THEN o.last_version + 1 END
  FROM (SELECT path_key
          FROM files
         WHERE folder_id = %(folder)s AND (%(after)s::bytea IS NULL OR path_key > %(after)s)
           AND (first_version > 1
                AND first_version > %(older)s AND first_version <= %(newer)s
                AND (last_version IS NULL OR last_version >= %(newer)s)
                OR last_version IS NOT NULL
                AND last_version >= %(older)s AND last_version < %(newer)s
                AND first_version <= %(older)s)
         GROUP BY path_key
         ORDER BY path_key) AS k
  LEFT JOIN LATERAL (
       SELECT * FROM files f
        WHERE f.folder_id = %(folder)s AND f.path_key = k.path_key
          AND f.first_version <= %(older)s
          AND (f.last_version IS NULL OR f.last_version >= %(older)s)
        LIMIT 1) AS o ON true
  LEFT JOIN LATERAL (
       SELECT * FROM files f
        WHERE f.folder_id = %(folder)s AND f.path_key = k.path_key
          AND f.first_version <= %(newer)s
          AND (f.last_version IS NULL OR f.last_version >= %(newer)s)
        LIMIT 1) AS n ON true
  LEFT JOIN LATERAL (
       SELECT f.kind, f.size
         FROM (SELECT CASE WHEN octet_length(path) <= %(head)s THEN path
                           ELSE substr(path, 1, %(head)s) || sha256(path) END AS key
                 FROM (SELECT CASE WHEN coalesce(n.kind, o.kind) = {kind.directory}
                                   THEN substr(path, 1, greatest(octet_length(path) - 1, 0))
                                   ELSE path || '\x2f'::bytea END AS path
                         FROM (SELECT coalesce(o.long_path, o.path_key, n.long_path, n.path_key)
                                      AS path) AS p) AS other) AS twin
         JOIN files f ON f.folder_id = %(folder)s AND f.path_key = twin.key
        WHERE (o.kind IS NULL) <> (n.kind IS NULL)
          AND f.first_version <= CASE WHEN o.kind IS NULL THEN %(older)s ELSE %(newer)s END
          AND (f.last_version IS NULL
               OR f.last_version >= CASE WHEN o.kind IS NULL THEN %(older)s ELSE %(newer)s END)
          AND twin.key <> '\x'::bytea
        LIMIT 1) AS t ON true
 WHERE CASE WHEN o.kind IS NULL THEN t.kind IS NULL
            WHEN n.kind IS NULL THEN true
            WHEN n.kind = {kind.directory} THEN {kinds} <@ ARRAY['time'] IS FALSE
            ELSE {kinds} <> '{}' END
 ORDER BY k.path_key
 LIMIT %(limit)s;

-- kinds
-- In what a row `n` of `files` differs from an earlier row `o` of the same path:
-- `model.versions.changes.ChangeKind`. The digests of two large files can be compared if the segments that
-- they are made of have one size, and if either both are stored without their holes or none is.
(CASE WHEN o.kind <> n.kind THEN ARRAY['type'] ELSE array_remove(ARRAY[
    CASE WHEN n.kind = {kind.regular}
           AND (o.size > 0 OR n.size > 0 OR o.extents IS NOT NULL OR n.extents IS NOT NULL) THEN
         CASE WHEN (o.extents IS NULL) <> (n.extents IS NULL)
               AND coalesce(o.stat_size, o.size) = coalesce(n.stat_size, n.size) THEN 'content?'
              WHEN o.size <> n.size OR o.extents <> n.extents
                OR (o.state = {file.failed}) <> (n.state = {file.failed}) THEN 'content'
              WHEN n.size = 0 THEN NULL
              WHEN o.digest IS NULL OR n.digest IS NULL
                OR coalesce(o.digest_kind, 0) <> coalesce(n.digest_kind, 0)
                OR coalesce(n.digest_kind, 0) IN {digest.of_segments}
                   AND (SELECT segment_size FROM objects WHERE id = o.object_id)
                       IS DISTINCT FROM
                       (SELECT segment_size FROM objects WHERE id = n.object_id) THEN 'content?'
              WHEN o.digest <> n.digest THEN 'content' END END,
    CASE WHEN o.link <> n.link THEN 'target' END,
    CASE WHEN o.mode <> n.mode THEN 'mode' END,
    CASE WHEN o.uid <> n.uid OR o.gid <> n.gid THEN 'owner' END,
    CASE WHEN o.xattrs IS DISTINCT FROM n.xattrs THEN 'attributes' END,
    CASE WHEN o.mtime_ns <> n.mtime_ns THEN 'time' END], NULL) END);
