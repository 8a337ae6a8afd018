-- Forgetting versions: what is still to be deleted, and what was freed.

-- Versions that the user has forgotten: their rows of `snapshots` are gone. erased: so is all that
-- only they needed. A number is never used again.
CREATE TABLE forgotten_versions (
    folder_id    bigint NOT NULL REFERENCES folders,
    version      integer NOT NULL,
    forgotten_at timestamptz NOT NULL DEFAULT now(),
    erased       boolean NOT NULL DEFAULT false,
    PRIMARY KEY (folder_id, version)
);

-- Objects that forgotten files had. certain: nothing needs them any more and their rows of `objects`
-- are gone; those of their segments go in batches, each with the articles that no other segment has.
-- A root of the index that another one replaced is among them: it stays until that one,
-- after_object, is complete; and if it has the first name of a root, by which versions are found, as
-- long as root_version is kept.
CREATE TABLE forgotten_objects (
    object_id    bigint PRIMARY KEY,
    folder_id    bigint NOT NULL REFERENCES folders,
    certain      boolean NOT NULL,
    after_object bigint,
    root_version integer
);
CREATE INDEX forgotten_objects_folder ON forgotten_objects (folder_id, certain, object_id);

-- What each job freed. It stays when its folder is removed, so it refers to neither. freed_bytes: of
-- articles deleted from the database; unread_bytes: of articles that stay on Usenet, where nothing
-- can be deleted. disk_before, disk_after: bytes of the database; null: not measured yet.
CREATE TABLE freed_space (
    job_id       bigint PRIMARY KEY,
    folder       text NOT NULL,
    began_at     timestamptz NOT NULL DEFAULT now(),
    finished_at  timestamptz,
    versions     integer NOT NULL DEFAULT 0,
    files        bigint NOT NULL DEFAULT 0,
    articles     bigint NOT NULL DEFAULT 0,
    freed_bytes  bigint NOT NULL DEFAULT 0,
    unread_bytes bigint NOT NULL DEFAULT 0,
    disk_before  bigint,
    disk_after   bigint
);

-- removed_at: the user has removed the folder; a job deletes all that it has, its own row last.
ALTER TABLE folders ADD COLUMN removed_at timestamptz;

-- Rows that ended, with where they began: those that only forgotten versions have are found without
-- a look at any other.
DROP INDEX files_ended;
CREATE INDEX files_ended ON files (folder_id, last_version, first_version)
 WHERE last_version IS NOT NULL;
