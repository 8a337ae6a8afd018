-- of_folder
-- The file systems of a folder, its own first.
SELECT path, type, uuid, fsid, source, location
  FROM mounts WHERE folder_id = %(folder)s ORDER BY path;

-- forget
-- Delete the file systems of the earlier version.
DELETE FROM mounts WHERE folder_id = %(folder)s;

-- forget_root
-- Delete the file system of the folder itself: the user says that it is elsewhere now.
DELETE FROM mounts WHERE folder_id = %(folder)s AND path = ''::bytea;

-- remember
-- Add the file systems of the version that is finished now.
INSERT INTO mounts (folder_id, path, type, uuid, fsid, source, location)
SELECT %(folder)s, u.*
  FROM unnest(%(paths)b::bytea[], %(types)s::text[], %(uuids)s::text[], %(fsids)s::text[],
              %(sources)s::text[], %(locations)b::bytea[]) AS u;

-- used
-- The mount points with files of a version below them. ("0" is the byte after "/".)
SELECT u.path
  FROM unnest(%(paths)b::bytea[]) AS u(path)
 WHERE EXISTS (
       SELECT FROM files f
        WHERE f.folder_id = %(folder)s AND f.path_key > u.path
          AND f.path_key < substr(u.path, 1, length(u.path) - 1) || '0'::bytea
          AND f.first_version <= %(version)s
          AND (f.last_version IS NULL OR f.last_version >= %(version)s));
