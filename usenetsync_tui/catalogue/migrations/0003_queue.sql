-- The engine's queue takes jobs of every verb, beside those that a command runs itself; what a
-- user leaves out of a version is remembered; walk errors without a row of their own are counted.

-- queued: the engine's queue runs it. bodies: a verify that fetches what it looks for.
ALTER TABLE jobs
    ADD COLUMN queued boolean NOT NULL DEFAULT false,
    ADD COLUMN bodies boolean NOT NULL DEFAULT false;
UPDATE jobs SET queued = true WHERE verb = 'upload';

-- Paths are too long for a b-tree; a digest of them is not.
CREATE INDEX notices_path ON notices (job_id, sha256(path));

-- Folders that could not be read have no row that stands for what is in them.
ALTER TABLE snapshots ADD COLUMN unwalked bigint NOT NULL DEFAULT 0;
