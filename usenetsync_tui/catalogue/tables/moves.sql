-- placed
-- Whether the version under construction, or else the one before it, was posted to a realm, or to
-- one that this continues, in the wanted number of copies.
WITH RECURSIVE home AS (
    SELECT id, continues FROM realms WHERE id = %(realm)s
     UNION ALL
    SELECT r.id, r.continues FROM realms r JOIN home ON r.id = home.continues)
SELECT realm_id IN (SELECT id FROM home) AND copies >= %(copies)s
  FROM snapshots
 WHERE folder_id = %(folder)s AND version <= %(version)s AND realm_id IS NOT NULL
 ORDER BY version DESC LIMIT 1;

-- place
-- Record the realm and copies of the version under construction.
UPDATE snapshots SET realm_id = %(realm)s, copies = %(copies)s
 WHERE folder_id = %(folder)s AND version = %(version)s;

-- misplaced
-- Current files after a key whose articles are in another realm, which this one does not continue,
-- or in fewer copies than wanted.
WITH RECURSIVE home AS (
    SELECT id, continues FROM realms WHERE id = %(realm)s
     UNION ALL
    SELECT r.id, r.continues FROM realms r JOIN home ON r.id = home.continues)
SELECT f.path_key
  FROM files f JOIN objects o ON o.id = f.object_id
 WHERE f.folder_id = %(folder)s AND f.path_key > %(after)s AND f.last_version IS NULL
   AND (o.realm_id NOT IN (SELECT id FROM home) OR o.copies < %(copies)s)
 ORDER BY f.path_key
 LIMIT %(limit)s;

-- under_old_key
-- Current files whose articles are in a realm that this one continues, if some are lacking: nothing
-- can be posted there any more.
WITH RECURSIVE home AS (
    SELECT id, continues FROM realms WHERE id = %(realm)s
     UNION ALL
    SELECT r.id, r.continues FROM realms r JOIN home ON r.id = home.continues)
SELECT f.path_key
  FROM objects o
  JOIN files f ON f.folder_id = o.folder_id AND f.object_id = o.id AND f.last_version IS NULL
              AND f.path_key BETWEEN o.first_key AND o.last_key
 WHERE o.folder_id = %(folder)s AND NOT o.complete
   AND o.realm_id <> %(realm)s AND o.realm_id IN (SELECT id FROM home)
 LIMIT %(limit)s;

-- oversized
-- Current files with an article that is too large to be decoded.
SELECT f.path_key
  FROM objects o
  JOIN files f ON f.folder_id = o.folder_id AND f.object_id = o.id AND f.last_version IS NULL
              AND f.path_key BETWEEN o.first_key AND o.last_key
 WHERE o.folder_id = %(folder)s AND least(o.segment_size, o.size) > %(largest)s
   AND EXISTS (SELECT FROM segments s
                WHERE s.object_id = o.id AND s.payload_size > %(largest)s)
 LIMIT %(limit)s;

-- read_again
-- Rows of the version under construction become pending; those of earlier versions end.
WITH stray AS (
    UPDATE files
       SET last_version = CASE WHEN first_version < %(version)s THEN %(version)s - 1 END,
           object_id = CASE WHEN first_version < %(version)s THEN object_id END,
           object_offset = CASE WHEN first_version < %(version)s THEN object_offset END,
           state = CASE WHEN first_version < %(version)s THEN state ELSE {file.pending} END
     WHERE folder_id = %(folder)s AND path_key = ANY(%(keys)b::bytea[])
       AND last_version IS NULL
 RETURNING *)
INSERT INTO files (folder_id, path_key, first_version, kind, state, size, mtime_ns, ctime_ns,
                   inode, mode, link, uid, gid, long_path)
SELECT folder_id, path_key, %(version)s, kind, {file.pending}, coalesce(stat_size, size), mtime_ns,
       ctime_ns, inode, mode, link, uid, gid, long_path
  FROM stray WHERE first_version < %(version)s;
