-- usable
-- Which of some objects files of a folder can continue to use: objects in its realm, with the
-- wanted number of copies and no known loss.
SELECT o.id FROM objects o
 WHERE o.id = ANY (%(objects)b::int8[]) AND o.folder_id = %(folder)s AND o.realm_id = %(realm)s
   AND o.copies >= %(copies)s
   AND (o.complete OR NOT EXISTS (
        SELECT FROM segments s WHERE s.object_id = o.id AND s.status IN {segment.unusable}));

-- undo_unchanged
-- Delete rows of the version under construction that equal the rows before them: content, place and
-- all kept attributes (a file that lost its other names is still the same). The rows before them
-- become current again; update in them what only the walk compares, and fill in owners that an
-- earlier program did not keep. (Key by key, as in files.sql.)
WITH same AS MATERIALIZED (
    SELECT new.*, old.first_version AS since
      FROM unnest(%(keys)b::bytea[]) AS u(path_key)
     CROSS JOIN LATERAL (
           SELECT c.* FROM files c
            WHERE c.folder_id = %(folder)s AND c.path_key = u.path_key
              AND c.first_version = %(version)s AND c.last_version IS NULL
              AND c.state = {file.planned}
           OFFSET 0) AS new
     CROSS JOIN LATERAL (
           SELECT c.* FROM files c
            WHERE c.folder_id = %(folder)s AND c.path_key = u.path_key
              AND c.first_version < %(version)s AND c.last_version = %(version)s - 1
              AND c.state = {file.planned}
           OFFSET 0) AS old
     WHERE (old.kind, old.size, old.mtime_ns, old.mode)
           = (new.kind, new.size, new.mtime_ns, new.mode)
       AND old.link IS NOT DISTINCT FROM new.link
       AND coalesce(old.uid, new.uid) IS NOT DISTINCT FROM new.uid
       AND coalesce(old.gid, new.gid) IS NOT DISTINCT FROM new.gid
       AND old.object_id IS NOT DISTINCT FROM new.object_id
       AND old.object_offset IS NOT DISTINCT FROM new.object_offset
       AND old.digest IS NOT DISTINCT FROM new.digest
       AND old.digest_kind IS NOT DISTINCT FROM new.digest_kind
       AND (old.xattrs, old.extents) IS NOT DISTINCT FROM (new.xattrs, new.extents)
       AND (new.link_set IS NULL OR old.link_set = new.link_set)),
gone AS (
    DELETE FROM files f USING same
     WHERE f.folder_id = same.folder_id AND f.path_key = same.path_key
       AND f.first_version = same.first_version)
UPDATE files f
   SET last_version = NULL, ctime_ns = same.ctime_ns, inode = same.inode, uid = same.uid,
       gid = same.gid, stat_size = same.stat_size, racy = same.racy, changed_at = clock_timestamp()
  FROM same
 WHERE f.folder_id = same.folder_id AND f.path_key = same.path_key
   AND f.first_version = same.since
RETURNING f.path_key;

-- slices
-- The digests of some slices of an object, as they were planned.
SELECT segment_index, hash FROM segments
 WHERE object_id = %(object)s AND segment_index >= %(first)s AND segment_index < %(last)s
   AND redundancy = 0 AND status <> {segment.stale};

-- share
-- Let some slices of an object use the articles of another object.
INSERT INTO segments (object_id, segment_index, redundancy, realm_id, size, payload_size, hash,
                      codec, message_id, server, status, by_body, headers_id, posted_at,
                      verified_at, wire_size, check_at, checks)
SELECT %(new)s, segment_index, redundancy, realm_id, size, payload_size, hash, codec, message_id,
       server, status, by_body, headers_id, posted_at, verified_at, wire_size, check_at, checks
  FROM segments
 WHERE object_id = %(old)s AND segment_index >= %(first)s AND segment_index < %(last)s
   AND redundancy < %(copies)s AND status NOT IN {segment.ignores_share}
    ON CONFLICT (object_id, segment_index, redundancy) DO NOTHING
RETURNING status;

-- posted_before
-- Slices that an earlier state of the same path has posted, at the same place of a file of the same
-- size, so that the headers of a plain article are the same.
SELECT k.hash, k.redundancy, k.message_id, k.codec, k.payload_size, k.status, k.by_body,
       k.headers_id, u.object_id, u.segment_index
  FROM unnest(%(objects)b::int8[], %(indexes)b::int4[], %(keys)b::bytea[], %(sizes)b::int8[],
              %(segment_sizes)b::int4[], %(hashes)b::bytea[])
       AS u(object_id, segment_index, path_key, size, segment_size, hash)
 CROSS JOIN generate_series(0, %(copies)s - 1) AS copy(redundancy)
 CROSS JOIN LATERAL (
       SELECT s.hash, s.redundancy, s.message_id, s.codec, s.payload_size, s.status, s.by_body,
              s.headers_id
         FROM files f
         JOIN objects o ON o.id = f.object_id
         JOIN segments s ON s.object_id = o.id AND s.segment_index = u.segment_index
                        AND s.redundancy = copy.redundancy
        WHERE f.folder_id = %(folder)s AND f.path_key = u.path_key AND f.object_id <> u.object_id
          AND o.kind = {object.file} AND o.size = u.size AND o.segment_size = u.segment_size
          AND o.realm_id = %(realm)s AND s.hash = u.hash AND s.status IN {segment.there}
        ORDER BY f.first_version DESC
        LIMIT 1) AS k;
