-- latest_finished
-- The newest version of each folder that can be restored.
SELECT s.folder_id, s.version, s.state, s.started_at, s.finished_at, s.files, s.directories,
       s.symlinks, s.size, s.added, s.modified, s.removed, s.stored_size, s.errors
  FROM folders f
 CROSS JOIN LATERAL (
       SELECT * FROM snapshots
        WHERE folder_id = f.id AND state <> {version.building}
        ORDER BY version DESC LIMIT 1) AS s;
