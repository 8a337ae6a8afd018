-- all
-- Every version of a folder, oldest first.
SELECT {snapshot_row.columns}
  FROM snapshots WHERE folder_id = %(folder)s ORDER BY version;

-- newest_finished
-- The newest finished versions of a folder that are not above one, newest first.
SELECT {snapshot_row.columns}
  FROM snapshots
 WHERE folder_id = %(folder)s AND version <= %(version)s AND state <> {version.building}
 ORDER BY version DESC
 LIMIT %(limit)s;

-- begin
-- The version under construction, or the next one, which begins now by the caller's clock.
INSERT INTO snapshots (folder_id, version, began_ns)
SELECT %(folder)s,
       coalesce(max(version) FILTER (WHERE state = {version.building}), max(version) + 1, 1),
       %(now)s
  FROM snapshots WHERE folder_id = %(folder)s
    ON CONFLICT (folder_id, version) DO UPDATE SET state = {version.building}
RETURNING version, began_ns;

-- discard
-- Delete the version under construction, since nothing changed.
DELETE FROM snapshots
 WHERE folder_id = %(folder)s AND version = %(version)s AND state = {version.building};

-- add_stored
-- Add payload bytes posted for the version under construction.
UPDATE snapshots SET stored_size = stored_size + %(stored)s
 WHERE folder_id = %(folder)s AND version = %(version)s;

-- finish
-- Make a version visible.
UPDATE snapshots
   SET state = %(state)s, finished_at = now(), files = %(files)s, directories = %(directories)s,
       symlinks = %(symlinks)s, size = %(size)s, added = %(added)s, modified = %(modified)s,
       removed = %(removed)s, errors = %(errors)s,
       unwalked = %(unwalked)s
 WHERE folder_id = %(folder)s AND version = %(version)s AND state = {version.building};

-- mark_repaired
-- Mark earlier versions as complete if all their objects are complete now, except those with errors
-- of the walk.
UPDATE snapshots s SET state = {version.complete}, errors = 0
 WHERE s.folder_id = %(folder)s AND s.state = {version.incomplete} AND s.unwalked = 0
   AND NOT EXISTS (
       SELECT FROM files f LEFT JOIN objects o ON o.id = f.object_id
        WHERE f.folder_id = s.folder_id AND f.first_version <= s.version
          AND (f.last_version IS NULL OR f.last_version >= s.version)
          AND (f.state <> {file.planned} OR f.object_id IS NOT NULL AND o.complete IS NOT TRUE))
RETURNING version;

-- mark_incomplete
-- Mark versions with files in objects that lost articles as incomplete.
UPDATE snapshots s SET state = {version.incomplete}, errors = greatest(s.errors, 1)
 WHERE s.state = {version.complete} AND EXISTS (
       SELECT FROM objects o
         JOIN files f ON f.folder_id = o.folder_id AND f.object_id = o.id
                     AND f.path_key BETWEEN o.first_key AND o.last_key
        WHERE o.id = ANY(%(objects)b::int8[]) AND NOT o.complete AND o.folder_id = s.folder_id
          AND f.first_version <= s.version
          AND (f.last_version IS NULL OR f.last_version >= s.version));

-- forgotten
-- Whether the user has forgotten a version.
SELECT EXISTS (
       SELECT FROM forgotten_versions WHERE folder_id = %(folder)s AND version = %(version)s);
