-- insert
-- A new job at the end of its priority; one that is not `queued` is run by who added it.
INSERT INTO jobs (folder_id, verb, priority, state, target, prefix, version, bodies, queued)
VALUES (%(folder)s, %(verb)s, %(priority)s, {job.queued}, %(target)s, %(prefix)s, %(version)s,
        %(bodies)s, %(queued)s)
RETURNING id;

-- insert_upload
-- A new upload; it goes on with the version that is under construction, if there is one.
INSERT INTO jobs (folder_id, verb, priority, state, version, queued)
VALUES (%(folder)s, 'upload', %(priority)s, {job.queued},
        (SELECT max(version) FROM snapshots
          WHERE folder_id = %(folder)s AND state = {version.building}), true)
RETURNING id;

-- allow_shrink
-- An upload takes the folder as it is, however little is left of it.
UPDATE jobs SET allow_shrink = true WHERE id = %(id)s;

-- open_of_folder
-- The job of the queue that already does this to the folder.
SELECT id FROM jobs
 WHERE folder_id = %(folder)s AND verb = %(verb)s AND queued
   AND state IN {job.open}
 ORDER BY id LIMIT 1;

-- latest_of_folder
-- The last job of the queue that did this to the folder.
SELECT max(id) FROM jobs WHERE folder_id = %(folder)s AND verb = %(verb)s AND queued;

-- latest_of_all
-- The job of each folder that is open, or else the last one that ended.
SELECT DISTINCT ON (folder_id) {job_row.columns}
  FROM jobs
 WHERE queued OR state NOT IN {job.open}
 ORDER BY folder_id, state = {job.running} DESC, state IN {job.waiting} DESC, id DESC;

-- bodies
-- Whether a verify fetches what it looks for.
SELECT bodies FROM jobs WHERE id = %(id)s;

-- by_id
-- One job.
SELECT {job_row.columns}
  FROM jobs WHERE id = %(id)s;

-- recent
-- The latest jobs, newest first.
SELECT {job_row.columns}
  FROM jobs ORDER BY id DESC LIMIT %(limit)s;

-- open
-- Jobs of the queue that are not over, in their order.
SELECT {job_row.columns}
  FROM jobs WHERE state IN {job.open} AND queued
 ORDER BY priority, id;

-- interrupted
-- Jobs whose engine died under them are queued again: they resume.
UPDATE jobs SET state = {job.queued} WHERE state IN {job.may_interrupt} AND queued;

-- owned_target
-- Whether an earlier restore of the folder made the target itself.
SELECT EXISTS (SELECT FROM jobs WHERE folder_id = %(folder)s AND verb = 'restore'
                  AND target = %(target)s AND owns_target);

-- set_state
-- A step in a job's life, if it is in a state where that can be.
UPDATE jobs SET state = %(state)s, message = %(message)s, refusal = %(refusal)s::jsonb,
       finished_at = CASE WHEN %(over)s THEN now() END
 WHERE id = %(id)s AND state = ANY(%(allowed)s);

-- set_owns_target
-- The restore made its target itself.
UPDATE jobs SET owns_target = true WHERE id = %(id)s;

-- begin
-- A job begins, unless somebody has paused or cancelled it; whoever runs it.
UPDATE jobs SET state = %(state)s, message = NULL, refusal = NULL, finished_at = NULL
 WHERE id = %(id)s AND state = ANY(%(allowed)s)
RETURNING id;

-- change_state
-- What a user asks of a job of the queue, if it is in a state where that can be.
UPDATE jobs SET state = %(state)s, message = NULL, refusal = NULL,
       finished_at = CASE WHEN %(over)s THEN now() END
 WHERE id = %(id)s AND queued AND state = ANY(%(allowed)s)
RETURNING id;

-- change_all
-- The same of every job of the queue.
UPDATE jobs SET state = %(state)s, message = NULL, finished_at = NULL
 WHERE queued AND state = ANY(%(allowed)s)
RETURNING id;

-- set_priority
-- Up or down the queue.
UPDATE jobs SET priority = %(priority)s WHERE id = %(id)s;

-- set_version
-- The version a job builds or reads.
UPDATE jobs SET version = %(version)s WHERE id = %(id)s;

-- set_progress
-- How far a job is.
UPDATE jobs SET done_files = %(done_files)s, done_bytes = %(done_bytes)s,
       total_files = %(total_files)s, total_bytes = %(total_bytes)s, errors = %(errors)s
 WHERE id = %(id)s;

-- add_notices
-- Reasons, as they come.
INSERT INTO notices (job_id, kind, path, reason)
SELECT %(job)s, u.kind, u.path, u.reason
  FROM unnest(%(kinds)b::int2[], %(paths)b::bytea[], %(reasons)s::text[])
       AS u(kind, path, reason);

-- clear_notices
-- A job that runs again tells its reasons anew, but for what the user leaves out.
DELETE FROM notices WHERE job_id = %(job)s AND kind <> %(kept)s;

-- notices
-- The reasons of a job after an id, oldest first.
SELECT id, kind, path, reason FROM notices
 WHERE job_id = %(job)s AND id > %(after)s ORDER BY id LIMIT %(limit)s;
