-- insert
-- A new job at the end of its priority.
INSERT INTO jobs (folder_id, verb, priority, state, target, prefix, version, owns_target)
VALUES (%(folder)s, %(verb)s, %(priority)s, 'queued', %(target)s, %(prefix)s, %(version)s,
        %(owns_target)s)
RETURNING id;

-- open_of_folder
-- The job that already does this to the folder.
SELECT id FROM jobs
 WHERE folder_id = %(folder)s AND verb = %(verb)s AND state IN ('queued', 'running', 'paused')
 ORDER BY id LIMIT 1;

-- by_id
-- One job.
SELECT id, folder_id, verb, priority, state, version, target, prefix, owns_target, created_at,
       finished_at, done_files, done_bytes, total_files, total_bytes, errors, message
  FROM jobs WHERE id = %(id)s;

-- recent
-- The latest jobs, newest first.
SELECT id, folder_id, verb, priority, state, version, target, prefix, owns_target, created_at,
       finished_at, done_files, done_bytes, total_files, total_bytes, errors, message
  FROM jobs ORDER BY id DESC LIMIT %(limit)s;

-- open
-- Jobs that are not over, in the order of the queue.
SELECT id, folder_id, verb, priority, state, version, target, prefix, owns_target, created_at,
       finished_at, done_files, done_bytes, total_files, total_bytes, errors, message
  FROM jobs WHERE state IN ('queued', 'running', 'paused') AND verb = 'upload'
 ORDER BY priority, id;

-- interrupted
-- Jobs whose engine died under them are queued again: they resume.
UPDATE jobs SET state = 'queued' WHERE state = 'running' AND verb = 'upload';

-- owned_target
-- Whether an earlier restore of the folder made the target itself.
SELECT EXISTS (SELECT FROM jobs WHERE folder_id = %(folder)s AND verb = 'restore'
                  AND target = %(target)s AND owns_target);

-- set_state
-- A step in a job's life.
UPDATE jobs SET state = %(state)s, message = %(message)s,
       finished_at = CASE WHEN %(over)s THEN now() END
 WHERE id = %(id)s;

-- change_state
-- What a user asks of an upload, if it is in a state where that can be.
UPDATE jobs SET state = %(state)s, message = NULL, finished_at = CASE WHEN %(over)s THEN now() END
 WHERE id = %(id)s AND verb = 'upload' AND state = ANY(%(allowed)s)
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
-- A job that runs again tells its reasons anew.
DELETE FROM notices WHERE job_id = %(job)s;

-- notices
-- The reasons of a job after an id, oldest first.
SELECT id, kind, path, reason FROM notices
 WHERE job_id = %(job)s AND id > %(after)s ORDER BY id LIMIT %(limit)s;
