-- lock
-- No job of the folder begins until the transaction ends: its row refers to the folder's.
SELECT FROM folders WHERE id = %(folder)s FOR UPDATE;

-- finished
-- The finished versions of a folder, ascending.
SELECT version FROM snapshots
 WHERE folder_id = %(folder)s AND state <> {version.building} ORDER BY version;

-- known
-- Those of some versions that were forgotten before.
SELECT version FROM forgotten_versions
 WHERE folder_id = %(folder)s AND version = ANY(%(versions)s::int4[]) ORDER BY version;

-- read_by
-- A restore that is not over and reads one of some versions: its job and version. A command's own
-- job that was killed stays as it was: it counts only while such a command is connected.
SELECT id, version FROM jobs
 WHERE folder_id = %(folder)s AND verb = 'restore' AND state IN {job.open}
   AND version = ANY(%(versions)s::int4[])
   AND (queued OR EXISTS (SELECT FROM pg_stat_activity
                           WHERE datname = current_database()
                             AND starts_with(application_name, 'usenetsync restore')))
 ORDER BY id LIMIT 1;

-- open_job
-- A job of a folder that is not over, other than one that deletes: its id and verb. (As above.)
SELECT id, verb FROM jobs
 WHERE folder_id = %(folder)s AND state IN {job.open} AND verb NOT IN ('forget', 'remove')
   AND (queued OR EXISTS (SELECT FROM pg_stat_activity
                           WHERE datname = current_database()
                             AND starts_with(application_name, 'usenetsync ' || verb)))
 ORDER BY id LIMIT 1;

-- mark
-- Some finished versions are forgotten from now on: nobody lists, restores or checks them. What only
-- they need is deleted later.
WITH gone AS (
    DELETE FROM snapshots
     WHERE folder_id = %(folder)s AND version = ANY(%(versions)s::int4[])
       AND state <> {version.building}
 RETURNING folder_id, version)
INSERT INTO forgotten_versions (folder_id, version)
SELECT folder_id, version FROM gone
    ON CONFLICT (folder_id, version) DO UPDATE SET erased = false, forgotten_at = now()
RETURNING version;

-- mark_all
-- The same of all versions of a folder, the one under construction included, and of the folder.
WITH gone AS (
    DELETE FROM snapshots WHERE folder_id = %(folder)s RETURNING folder_id, version),
marked AS (
    INSERT INTO forgotten_versions (folder_id, version)
    SELECT folder_id, version FROM gone
        ON CONFLICT (folder_id, version) DO UPDATE SET erased = false, forgotten_at = now())
UPDATE folders SET removed_at = coalesce(removed_at, now()) WHERE id = %(folder)s;

-- is_removed
-- Whether the user has removed a folder that is still here.
SELECT removed_at IS NOT NULL FROM folders WHERE id = %(folder)s;

-- pending
-- The forgotten versions of a folder that are not erased yet, ascending.
SELECT version FROM forgotten_versions
 WHERE folder_id = %(folder)s AND NOT erased ORDER BY version;

-- gaps
-- Around some versions that are not there: the version before and the one after each, which are. A
-- version under construction counts: what it has is needed.
SELECT DISTINCT
       coalesce((SELECT max(s.version) FROM snapshots s
                  WHERE s.folder_id = %(folder)s AND s.version < u.version), 0),
       coalesce((SELECT min(s.version) FROM snapshots s
                  WHERE s.folder_id = %(folder)s AND s.version > u.version), 0)
  FROM unnest(%(versions)s::int4[]) AS u(version)
 ORDER BY 1;

-- mark_erased
-- All that only these versions needed is deleted.
UPDATE forgotten_versions SET erased = true
 WHERE folder_id = %(folder)s AND version = ANY(%(versions)s::int4[]);
