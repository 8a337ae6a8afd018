-- Nothing is lost in silence: what is kept of a file besides its content, and what tells a missing
-- source, article or key from an empty one.

-- The owner and group of each path, as numbers; unknown (null) in rows from before.
ALTER TABLE files ADD COLUMN uid bigint, ADD COLUMN gid bigint;

-- The source guard: a missing source is not an empty one.
-- Keys that the walk of the version under construction did not find, or that were gone when they
-- were to be read. They are removed when the version is finished, all at once, and not before.
CREATE TABLE vanished (
    folder_id bigint NOT NULL,
    path_key  bytea NOT NULL,
    PRIMARY KEY (folder_id, path_key)
);

-- The file systems that the newest finished version of a folder was read from: the folder's own
-- (path is empty) and those mounted below it (path ends in a slash).
CREATE TABLE mounts (
    folder_id bigint NOT NULL REFERENCES folders,
    path      bytea NOT NULL,
    type      text NOT NULL,
    uuid      text NOT NULL,
    fsid      text NOT NULL,
    source    text NOT NULL,
    location  bytea NOT NULL,
    PRIMARY KEY (folder_id, path)
);

-- allow_shrink: the user wants the source taken as it is. refusal: why an upload was refused.
ALTER TABLE jobs ADD COLUMN allow_shrink boolean NOT NULL DEFAULT false, ADD COLUMN refusal jsonb;

-- Whether the configuration, keys and logs of UsenetSync itself are kept where a folder has them.
ALTER TABLE folders ADD COLUMN own_files boolean NOT NULL DEFAULT false;
