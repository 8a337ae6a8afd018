-- latest_finished
-- The newest version of each folder that can be restored.
SELECT {snapshot_row.columns_of_s}
  FROM folders f
 CROSS JOIN LATERAL (
       SELECT * FROM snapshots
        WHERE folder_id = f.id AND state <> {version.building}
        ORDER BY version DESC LIMIT 1) AS s;

-- last_checks
-- The last check of each folder's articles that came to its end.
SELECT DISTINCT ON (folder_id)
       folder_id, finished_at, bodies, sample, checked, missing, damaged, unknown
  FROM sweeps WHERE finished_at IS NOT NULL
 ORDER BY folder_id, finished_at DESC;
