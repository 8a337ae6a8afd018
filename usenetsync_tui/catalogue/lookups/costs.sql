-- of_versions
-- The finished versions of a folder, newest first, with the files that each added or modified since
-- the one before it that is kept.
SELECT s.version, s.finished_at, s.files, s.size, coalesce(f.files, 0), coalesce(f.size, 0),
       s.stored_size
  FROM snapshots s
  LEFT JOIN (SELECT k.version, sum(made.files)::int8 AS files, sum(made.size)::int8 AS size
               FROM (SELECT first_version, count(*) AS files, sum(size) AS size
                       FROM files
                      WHERE folder_id = %(folder)s AND kind = {kind.regular}
                      GROUP BY first_version) AS made
              CROSS JOIN LATERAL (
                    SELECT min(version) AS version FROM snapshots
                     WHERE folder_id = %(folder)s AND version >= made.first_version) AS k
              GROUP BY k.version) AS f ON f.version = s.version
 WHERE s.folder_id = %(folder)s AND s.state <> {version.building}
 ORDER BY s.version DESC;

-- stored_bytes
-- The bytes of a folder's segments, or of all folders: each content once, one article of each, all
-- posted copies; and of its index. Articles that folders share are counted once. It reads the whole
-- ledger, 16 shards at once if the server has processes for that.
SELECT coalesce(sum(size) FILTER (WHERE redundancy = 0 AND NOT is_index), 0)::int8,
       coalesce(sum(payload) FILTER (WHERE redundancy = 0 AND NOT is_index), 0)::int8,
       coalesce(sum(payload) FILTER (WHERE is_there AND NOT is_index), 0)::int8,
       coalesce(sum(payload) FILTER (WHERE is_there AND is_index), 0)::int8
  FROM (SELECT s.redundancy, max(s.size) AS size, max(s.payload_size) AS payload,
               bool_or(s.status IN {segment.there}) AS is_there,
               bool_and(o.kind = {object.index}) AS is_index
          FROM segments s JOIN objects o ON o.id = s.object_id
         WHERE s.status <> {segment.stale}
           AND (%(folder)s::int8 IS NULL OR o.folder_id = %(folder)s)
         GROUP BY s.message_id, s.redundancy) AS article;
