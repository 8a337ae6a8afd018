-- begin
-- A job begins, or continues, to free space.
INSERT INTO freed_space (job_id, folder, disk_before)
VALUES (%(job)s, %(folder)s, pg_database_size(current_database()))
    ON CONFLICT (job_id) DO UPDATE SET finished_at = NULL, disk_after = NULL;

-- add
-- What a batch of a job has freed.
UPDATE freed_space
   SET versions = versions + %(versions)s, files = files + %(files)s,
       articles = articles + %(articles)s, freed_bytes = freed_bytes + %(freed_bytes)s,
       unread_bytes = unread_bytes + %(unread_bytes)s
 WHERE job_id = %(job)s;

-- finish
-- All is deleted, and the room on disk given back.
UPDATE freed_space SET finished_at = now(), disk_after = pg_database_size(current_database())
 WHERE job_id = %(job)s;

-- of_job
-- What a job has freed so far.
SELECT job_id, folder, began_at, finished_at, versions, files, articles, freed_bytes, unread_bytes,
       disk_before, disk_after
  FROM freed_space WHERE job_id = %(job)s;

-- latest
-- What the latest jobs have freed, newest first.
SELECT job_id, folder, began_at, finished_at, versions, files, articles, freed_bytes, unread_bytes,
       disk_before, disk_after
  FROM freed_space ORDER BY job_id DESC LIMIT %(limit)s;

-- all_jobs
-- What all jobs have freed: bytes deleted from the database, and bytes that stay on Usenet.
SELECT coalesce(sum(freed_bytes), 0)::int8, coalesce(sum(unread_bytes), 0)::int8 FROM freed_space;
