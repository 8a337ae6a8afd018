-- usable
-- Those of some objects in which files of a folder can go on lying: in its realm, in as many
-- copies as are wanted, and nothing of them is known to be lost.
SELECT o.id FROM objects o
 WHERE o.id = ANY (%(objects)b::int8[]) AND o.folder_id = %(folder)s AND o.realm_id = %(realm)s
   AND o.copies >= %(copies)s
   AND (o.complete OR NOT EXISTS (
        SELECT FROM segments s WHERE s.object_id = o.id AND s.status IN (4, 5, 6)));

-- fold
-- Rows of the version under construction that say what the rows before them say: content, place,
-- and all that is kept. They go, and those before them are true again; of these, what only the walk
-- compares is brought up to date, and owners that an earlier program did not keep are filled in.
WITH same AS (
    DELETE FROM files new USING files old
     WHERE new.folder_id = %(folder)s AND new.path_key = ANY (%(keys)b::bytea[])
       AND new.first_version = %(version)s AND new.last_version IS NULL AND new.state = 1
       AND old.folder_id = %(folder)s AND old.path_key = new.path_key
       AND old.first_version < %(version)s AND old.last_version = %(version)s - 1
       AND old.state = 1 AND old.kind = new.kind AND old.size = new.size
       AND old.mtime_ns = new.mtime_ns AND old.mode = new.mode
       AND old.link IS NOT DISTINCT FROM new.link
       AND coalesce(old.uid, new.uid) IS NOT DISTINCT FROM new.uid
       AND coalesce(old.gid, new.gid) IS NOT DISTINCT FROM new.gid
       AND old.object_id IS NOT DISTINCT FROM new.object_id
       AND old.object_offset IS NOT DISTINCT FROM new.object_offset
       AND old.sha256 IS NOT DISTINCT FROM new.sha256
 RETURNING new.*, old.first_version AS since)
UPDATE files f
   SET last_version = NULL, ctime_ns = same.ctime_ns, inode = same.inode, uid = same.uid,
       gid = same.gid, stat_size = same.stat_size, racy = same.racy
  FROM same
 WHERE f.folder_id = same.folder_id AND f.path_key = same.path_key
   AND f.first_version = same.since
RETURNING f.path_key;

-- slices
-- The digests of some slices of an object, as they were planned.
SELECT segment_index, hash FROM segments
 WHERE object_id = %(object)s AND segment_index >= %(first)s AND segment_index < %(last)s
   AND redundancy = 0 AND status <> 6;

-- share
-- The articles of some slices of one object carry those of another one too.
INSERT INTO segments (object_id, segment_index, redundancy, realm_id, size, payload_size, hash,
                      codec, message_id, server, status, posted_at, verified_at, wire_size,
                      check_at, checks)
SELECT %(new)s, segment_index, redundancy, realm_id, size, payload_size, hash, codec, message_id,
       server, status, posted_at, verified_at, wire_size, check_at, checks
  FROM segments
 WHERE object_id = %(old)s AND segment_index >= %(first)s AND segment_index < %(last)s
   AND redundancy < %(copies)s AND status NOT IN (4, 5, 6)
    ON CONFLICT (object_id, segment_index, redundancy) DO NOTHING
RETURNING status;

-- posted_before
-- Slices that an earlier state of the same path has posted, at the same place of a file of the same
-- size: all that the headers of a plain article say is the same.
SELECT k.hash, k.redundancy, k.message_id, k.codec, k.payload_size, k.status, u.object_id,
       u.segment_index
  FROM unnest(%(objects)b::int8[], %(indexes)b::int4[], %(keys)b::bytea[], %(sizes)b::int8[],
              %(segment_sizes)b::int4[], %(hashes)b::bytea[])
       AS u(object_id, segment_index, path_key, size, segment_size, hash)
 CROSS JOIN generate_series(0, %(copies)s - 1) AS copy(redundancy)
 CROSS JOIN LATERAL (
       SELECT s.hash, s.redundancy, s.message_id, s.codec, s.payload_size, s.status
         FROM files f
         JOIN objects o ON o.id = f.object_id
         JOIN segments s ON s.object_id = o.id AND s.segment_index = u.segment_index
                        AND s.redundancy = copy.redundancy
        WHERE f.folder_id = %(folder)s AND f.path_key = u.path_key AND f.object_id <> u.object_id
          AND o.kind = 0 AND o.size = u.size AND o.segment_size = u.segment_size
          AND o.realm_id = %(realm)s AND s.hash = u.hash AND s.status IN (2, 3)
        ORDER BY f.first_version DESC
        LIMIT 1) AS k;
