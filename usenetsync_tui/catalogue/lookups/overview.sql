-- latest_finished
-- The newest version of each folder that can be restored.
SELECT {snapshot_row.columns_of_s}
  FROM folders f
 CROSS JOIN LATERAL (
       SELECT * FROM snapshots
        WHERE folder_id = f.id AND state <> {version.building}
        ORDER BY version DESC LIMIT 1) AS s;
