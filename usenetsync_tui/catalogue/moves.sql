-- placed
-- Whether the version under construction, or else the one before it, went to a realm in so many
-- copies.
SELECT realm_id = %(realm)s AND copies >= %(copies)s
  FROM snapshots
 WHERE folder_id = %(folder)s AND version <= %(version)s AND realm_id IS NOT NULL
 ORDER BY version DESC LIMIT 1;

-- place
-- Where the articles of the version under construction go.
UPDATE snapshots SET realm_id = %(realm)s, copies = %(copies)s
 WHERE folder_id = %(folder)s AND version = %(version)s;

-- strays
-- Current files after a key whose articles are in another realm, or fewer than wanted.
SELECT f.path_key
  FROM files f JOIN objects o ON o.id = f.object_id
 WHERE f.folder_id = %(folder)s AND f.path_key > %(after)s AND f.last_version IS NULL
   AND (o.realm_id <> %(realm)s OR o.copies < %(copies)s)
 ORDER BY f.path_key
 LIMIT %(limit)s;

-- read_again
-- The rows of the version under construction are read again; those of earlier versions end.
WITH stray AS (
    UPDATE files
       SET last_version = CASE WHEN first_version < %(version)s THEN %(version)s - 1 END,
           object_id = CASE WHEN first_version < %(version)s THEN object_id END,
           object_offset = CASE WHEN first_version < %(version)s THEN object_offset END,
           state = CASE WHEN first_version < %(version)s THEN state ELSE 0 END
     WHERE folder_id = %(folder)s AND path_key = ANY(%(keys)b::bytea[])
       AND last_version IS NULL
 RETURNING *)
INSERT INTO files (folder_id, path_key, first_version, kind, state, size, mtime_ns, ctime_ns,
                   inode, mode, link, uid, gid, long_path)
SELECT folder_id, path_key, %(version)s, kind, 0, coalesce(stat_size, size), mtime_ns, ctime_ns,
       inode, mode, link, uid, gid, long_path
  FROM stray WHERE first_version < %(version)s;
