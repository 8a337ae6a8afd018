-- insert
-- A new job at the end of its priority; the program that adds one not `queued` runs it itself.
INSERT INTO jobs (folder_id, verb, priority, state, target, prefix, version, bodies, sample, queued,
                  exclude, overwrite, deletes, numeric_ids)
VALUES (%(folder)s, %(verb)s, %(priority)s, {job.queued}, %(target)s, %(prefix)s, %(version)s,
        %(bodies)s, %(sample)s, %(queued)s, %(exclude)s, %(overwrite)s, %(deletes)s,
        %(numeric_ids)s)
RETURNING id;

-- insert_upload
-- A new upload; it continues the version under construction, if there is one.
INSERT INTO jobs (folder_id, verb, priority, state, version, queued)
VALUES (%(folder)s, 'upload', %(priority)s, {job.queued},
        (SELECT max(version) FROM snapshots
          WHERE folder_id = %(folder)s AND state = {version.building}), true)
RETURNING id;

-- allow_shrink
-- Allow an upload to continue although most files of the folder are gone.
UPDATE jobs SET allow_shrink = true WHERE id = %(id)s;

-- open_of_folder
-- The open job in the queue with this verb and folder.
SELECT id FROM jobs
 WHERE folder_id = %(folder)s AND verb = %(verb)s AND queued
   AND state IN {job.open}
 ORDER BY id LIMIT 1;

-- latest_of_folder
-- The last job in the queue with this verb and folder.
SELECT max(id) FROM jobs WHERE folder_id = %(folder)s AND verb = %(verb)s AND queued;

-- latest_over
-- The last job of each folder and verb that is over.
SELECT {job_row.columns_of_j}
  FROM folders f
 CROSS JOIN unnest(%(verbs)s::text[]) AS u(verb)
 CROSS JOIN LATERAL (
       SELECT * FROM jobs
        WHERE folder_id = f.id AND verb = u.verb AND state NOT IN {job.open}
        ORDER BY id DESC LIMIT 1) AS j;

-- verify_options
-- Whether a verify job fetches the articles that it checks, and of how many parts it checks one.
SELECT bodies, sample FROM jobs WHERE id = %(id)s;

-- by_id
-- One job.
SELECT {job_row.columns}
  FROM jobs WHERE id = %(id)s;

-- recent
-- The latest jobs, newest first.
SELECT {job_row.columns}
  FROM jobs ORDER BY id DESC LIMIT %(limit)s;

-- history
-- A page of all jobs with the names of their folders, newest first; of one folder, or of all (NULL).
SELECT {job_row.columns_of_j}, f.name
  FROM jobs j JOIN folders f ON f.id = j.folder_id
 WHERE j.id < %(before)s AND (%(folder)s::bigint IS NULL OR j.folder_id = %(folder)s)
 ORDER BY j.id DESC LIMIT %(limit)s;

-- open
-- Jobs of the queue that are not over, in their order.
SELECT {job_row.columns}
  FROM jobs WHERE state IN {job.open} AND queued
 ORDER BY priority, id;

-- interrupted
-- Queue the jobs again whose engine ended while they ran.
UPDATE jobs SET state = {job.queued} WHERE state IN {job.may_interrupt} AND queued;

-- owned_target
-- Whether an earlier restore of the folder made the target itself.
SELECT EXISTS (SELECT FROM jobs WHERE folder_id = %(folder)s AND verb = 'restore'
                  AND target = %(target)s AND owns_target);

-- set_state
-- Set a job's state, if the transition is allowed.
UPDATE jobs SET state = %(state)s, message = %(message)s, refusal = %(refusal)s::jsonb,
       finished_at = CASE WHEN %(over)s THEN now() END
 WHERE id = %(id)s AND state = ANY(%(allowed)s);

-- set_owns_target
-- Whether the restore makes its target itself.
UPDATE jobs SET owns_target = %(owns)s WHERE id = %(id)s;

-- begin
-- Mark a job as running, unless a user has paused or cancelled it.
UPDATE jobs SET state = %(state)s, message = NULL, refusal = NULL, finished_at = NULL,
       started_at = coalesce(started_at, now())
 WHERE id = %(id)s AND state = ANY(%(allowed)s)
RETURNING id;

-- change_state
-- Set the state of a job of the queue on user request, if the transition is allowed.
UPDATE jobs SET state = %(state)s, message = NULL, refusal = NULL,
       finished_at = CASE WHEN %(over)s THEN now() END,
       done_files = CASE WHEN %(from_zero)s THEN 0 ELSE done_files END,
       done_bytes = CASE WHEN %(from_zero)s THEN 0 ELSE done_bytes END,
       total_files = CASE WHEN %(from_zero)s THEN 0 ELSE total_files END,
       total_bytes = CASE WHEN %(from_zero)s THEN 0 ELSE total_bytes END
 WHERE id = %(id)s AND queued AND state = ANY(%(allowed)s)
RETURNING id;

-- change_all
-- The same for every job of the queue.
UPDATE jobs SET state = %(state)s, message = NULL, finished_at = NULL
 WHERE queued AND state = ANY(%(allowed)s)
RETURNING id;

-- set_priority
-- Move a job in the queue.
UPDATE jobs SET priority = %(priority)s WHERE id = %(id)s;

-- set_version
-- The version a job builds or reads.
UPDATE jobs SET version = %(version)s WHERE id = %(id)s;

-- set_progress
-- A job's progress.
UPDATE jobs SET done_files = %(done_files)s, done_bytes = %(done_bytes)s,
       total_files = %(total_files)s, total_bytes = %(total_bytes)s,
       posted_bytes = %(posted_bytes)s, deduplicated_bytes = %(deduplicated_bytes)s,
       worked = %(worked)s, errors = %(errors)s
 WHERE id = %(id)s;

-- add_notices
-- Add notices to a job.
INSERT INTO notices (job_id, kind, path, reason)
SELECT %(job)s, u.kind, u.path, u.reason
  FROM unnest(%(kinds)b::int2[], %(paths)b::bytea[], %(reasons)s::text[])
       AS u(kind, path, reason);

-- clear_notices
-- Delete a job's notices before it runs again, except some kinds.
DELETE FROM notices WHERE job_id = %(job)s AND kind <> ALL(%(kept)b::int2[]);

-- notice_count
-- How many notices a job has.
SELECT count(*) FROM notices WHERE job_id = %(job)s;

-- notices
-- The notices of a job after an id, oldest first.
SELECT id, kind, path, reason FROM notices
 WHERE job_id = %(job)s AND id > %(after)s ORDER BY id LIMIT %(limit)s;
