-- of_path
-- The finished versions in which a path changed, newest first: the row of each beside that of the
-- version before. A path is one as a file and as a directory, whose key has a slash more.
WITH state AS (
     SELECT * FROM files
      WHERE folder_id = %(folder)s AND path_key = ANY (%(keys)b::bytea[])
        AND first_version <= %(newest)s)
SELECT e.version, s.finished_at, o.kind, {kinds_or_null},
       coalesce(n.long_path, n.path_key, o.long_path, o.path_key), n.kind, n.size, n.mtime_ns,
       n.mode, CASE WHEN n.state = {file.failed} THEN n.reason END
  FROM (SELECT first_version AS version FROM state
         UNION
        SELECT last_version + 1 FROM state WHERE last_version < %(newest)s) AS e
  LEFT JOIN snapshots s ON s.folder_id = %(folder)s AND s.version = e.version
  LEFT JOIN state o ON o.first_version < e.version
                   AND (o.last_version IS NULL OR o.last_version >= e.version - 1)
  LEFT JOIN state n ON n.first_version <= e.version
                   AND (n.last_version IS NULL OR n.last_version >= e.version)
 ORDER BY e.version DESC;

-- kinds_or_null
-- What differs, where both versions have the path.
CASE WHEN o.kind IS NOT NULL AND n.kind IS NOT NULL THEN {kinds} END;
