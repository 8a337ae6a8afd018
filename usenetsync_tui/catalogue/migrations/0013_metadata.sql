-- What few files have: extended attributes, hard links, holes. NULL costs a row nothing.

-- Sets of extended attributes (ACLs and file capabilities among them), as the index writes them
-- (codec/index/attributes). Files with the same ones share a row.
CREATE TABLE xattrs (
    digest bytea PRIMARY KEY,
    value  bytea NOT NULL
);

-- link_set: the same number for names of one file. extents: where the bytes of a sparse file lie, as
-- the index writes it; `size` is the sum of their lengths then, and `stat_size` that of the file.
ALTER TABLE files
    ADD COLUMN xattrs bytea,
    ADD COLUMN link_set bigint,
    ADD COLUMN extents bytea;
CREATE INDEX files_linked ON files (folder_id, link_set, path_key) WHERE link_set IS NOT NULL;

-- Whether the rows of a folder tell what its files have of these. If not, the next upload looks once.
ALTER TABLE folders ADD COLUMN metadata_known boolean NOT NULL DEFAULT false;

-- The names of users and groups on the machine that made the versions.
CREATE TABLE owner_names (
    folder_id bigint NOT NULL REFERENCES folders,
    is_group  boolean NOT NULL,
    number    bigint NOT NULL,
    name      bytea NOT NULL,
    PRIMARY KEY (folder_id, is_group, number)
);

-- A restore gives owners their numbers, not those of their names here.
ALTER TABLE jobs ADD COLUMN numeric_ids boolean NOT NULL DEFAULT false;
