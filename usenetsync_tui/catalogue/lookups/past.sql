-- of_path
-- The finished versions in which a path changed, newest first: the row of each beside that of the
-- version before it that is kept, and the version from which on the path is gone, if it is. A path
-- is one as a file and as a directory, whose key has a slash more.
WITH state AS (
     SELECT * FROM files
      WHERE folder_id = %(folder)s AND path_key = ANY (%(keys)b::bytea[])
        AND first_version <= %(newest)s),
kept AS (
     SELECT version, finished_at, coalesce(lag(version) OVER (ORDER BY version), 0) AS before
       FROM snapshots
      WHERE folder_id = %(folder)s AND version <= %(newest)s AND state <> {version.building})
SELECT e.version, e.before, e.finished_at, o.kind, {kinds_or_null},
       coalesce(n.long_path, n.path_key, o.long_path, o.path_key), n.kind, n.size, n.mtime_ns,
       n.mode, CASE WHEN n.state = {file.failed} THEN n.reason END,
       CASE WHEN n.kind IS NULL THEN o.last_version + 1 END
  FROM (SELECT DISTINCT next.*
          FROM (SELECT first_version AS version FROM state
                 UNION
                SELECT last_version + 1 FROM state WHERE last_version < %(newest)s) AS change
         CROSS JOIN LATERAL (
               SELECT * FROM kept WHERE kept.version >= change.version
                ORDER BY kept.version LIMIT 1) AS next) AS e
  LEFT JOIN state o ON o.first_version <= e.before
                   AND (o.last_version IS NULL OR o.last_version >= e.before)
  LEFT JOIN state n ON n.first_version <= e.version
                   AND (n.last_version IS NULL OR n.last_version >= e.version)
 WHERE o.kind IS NOT NULL OR n.kind IS NOT NULL
 ORDER BY e.version DESC;

-- kinds_or_null
-- What differs, where both versions have the path.
CASE WHEN o.kind IS NOT NULL AND n.kind IS NOT NULL THEN {kinds} END;
