-- Filters: what the versions of a folder leave out (disk/source/filters).
ALTER TABLE folders
    ADD COLUMN exclude bytea[] NOT NULL DEFAULT '{}',
    ADD COLUMN exclude_files bytea[] NOT NULL DEFAULT '{}',
    ADD COLUMN exclude_if_present bytea[] NOT NULL DEFAULT '{}',
    ADD COLUMN exclude_caches boolean NOT NULL DEFAULT false,
    ADD COLUMN exclude_larger_than bigint NOT NULL DEFAULT 0 CHECK (exclude_larger_than >= 0),
    ADD COLUMN one_file_system boolean NOT NULL DEFAULT false;

-- Files that are gone from the version under construction because the filters leave them out: they
-- are there, so they are no sign of a missing disk.
ALTER TABLE vanished ADD COLUMN excluded boolean NOT NULL DEFAULT false;

-- Why a path of earlier versions is not in a version: the path, or a directory above it, and the
-- rule that leaves it out.
CREATE TABLE exclusions (
    folder_id bigint NOT NULL REFERENCES folders,
    version   integer NOT NULL,
    path_key  bytea NOT NULL,
    rule      text NOT NULL,
    place     text NOT NULL,
    PRIMARY KEY (folder_id, path_key, version)
);
