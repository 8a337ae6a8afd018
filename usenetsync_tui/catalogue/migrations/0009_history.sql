-- The history of all jobs: when each first ran, how long it worked, and what it moved.

-- worked: seconds, of all runs of the job together. The figures of a job add up over its runs.
ALTER TABLE jobs
    ADD COLUMN started_at timestamptz,
    ADD COLUMN worked double precision NOT NULL DEFAULT 0,
    ADD COLUMN posted_bytes bigint NOT NULL DEFAULT 0,
    ADD COLUMN deduplicated_bytes bigint NOT NULL DEFAULT 0;

-- The latest jobs of a folder, and of one verb: pages of its history, and its last backup.
CREATE INDEX jobs_folder ON jobs (folder_id, verb, id);

-- began_ns: the wall clock of the program when it began the version, in nanoseconds; null: an older
-- program did. All that is read for the version is read after that.
ALTER TABLE snapshots ADD COLUMN began_ns bigint;

-- The large files that an interrupted upload began to read: a few, among millions that wait.
CREATE INDEX files_begun_reading ON files (folder_id)
 WHERE state = 0 AND object_id IS NOT NULL AND digest IS NULL;
