-- The index: each finished version is described in the store itself.

-- A folder's index has a realm of its own. Its wrapped key is the folder's secret: the key that
-- seals the index, and the names of the roots, follow from it (codec/index/keys).
ALTER TABLE realms ADD COLUMN is_index boolean NOT NULL DEFAULT false;
ALTER TABLE folders ADD COLUMN index_realm_id bigint REFERENCES realms;

-- A folder that was adopted from its index. object_offset: what its objects' ids are above the
-- numbers that its index gives them. adopted_version: the version that it was adopted with; until its
-- next version is finished, a file of another ctime or inode is the same if its size and mtime are.
-- adopted: a realm that is not sealed, and has the Message-IDs of the catalogue that it came from.
ALTER TABLE folders
    ADD COLUMN object_offset bigint NOT NULL DEFAULT 0,
    ADD COLUMN adopted_version integer;
ALTER TABLE realms ADD COLUMN adopted boolean NOT NULL DEFAULT false;
DROP INDEX realms_shared;
CREATE UNIQUE INDEX realms_shared
    ON realms (store, profile, newsgroups, sender, obfuscated, digest)
 WHERE owner IS NULL AND NOT adopted;

-- Whether the index of a version is posted. Versions from before have none of their own.
ALTER TABLE snapshots ADD COLUMN indexed boolean NOT NULL DEFAULT false;

-- The runs of a folder whose pages are all planned, in the realm of each store it was in.
-- amendment: 0 for the run of a version; later ones tell the new names of articles. at: when it was
-- begun; later names are not in it. fingerprints: 4 bytes for each path, null for many
-- (codec/index/root).
CREATE TABLE index_runs (
    folder_id    bigint NOT NULL REFERENCES folders,
    version      integer NOT NULL,
    amendment    integer NOT NULL DEFAULT 0,
    realm_id     bigint NOT NULL REFERENCES realms,
    is_base      boolean NOT NULL,
    files        bigint NOT NULL,
    objects      bigint NOT NULL,
    size         bigint NOT NULL,
    fingerprints bytea,
    at           timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (folder_id, realm_id, version, amendment)
);

-- The root of each version with the highest attempt that is planned: one object of two copies. An
-- adopted folder has roots without an object.
CREATE TABLE index_roots (
    folder_id bigint NOT NULL REFERENCES folders,
    realm_id  bigint NOT NULL REFERENCES realms,
    version   integer NOT NULL,
    attempt   integer NOT NULL,
    object_id bigint,
    at        timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (folder_id, realm_id, version)
);

-- The bytes of each page and root, the source of its articles: an object of one segment. level
-- (0: of files or objects, above: a directory), number, of_objects and the key of its line
-- (codec/index/directory) are null for a root. A directory is replaced when pages in it have got
-- other names: only older roots lead to it. The names of its articles are those of its segments,
-- whatever became of them.
CREATE TABLE index_pages (
    object_id     bigint PRIMARY KEY,
    folder_id     bigint NOT NULL REFERENCES folders,
    realm_id      bigint NOT NULL REFERENCES realms,
    version       integer NOT NULL,
    level         smallint,
    amendment     integer NOT NULL DEFAULT 0,
    number        integer,
    of_objects    boolean,
    first_path    bytea,
    first_object  bigint,
    first_segment integer,
    replaced      boolean NOT NULL DEFAULT false,
    data          bytea NOT NULL
);
ALTER TABLE index_pages ALTER COLUMN data SET STORAGE EXTERNAL;
CREATE INDEX index_pages_version ON index_pages (folder_id, version);

-- The number by which runs refer to a realm: its place in the list of the folder's roots.
CREATE TABLE index_realms (
    folder_id bigint NOT NULL REFERENCES folders,
    place     integer NOT NULL,
    realm_id  bigint NOT NULL REFERENCES realms,
    PRIMARY KEY (folder_id, place),
    UNIQUE (folder_id, realm_id)
);

-- When the recovery string of a folder was last shown to the user; null: the screen reminds of it.
ALTER TABLE folders ADD COLUMN string_seen_at timestamptz;

-- What changed since a version, without a look at the rows of all files: the rows that begin after
-- the first version, and those that ended. So the first upload does not pay for them. Long paths are
-- not in path order by their keys. Names of articles that are newer than a run.
CREATE INDEX files_begun ON files (folder_id, first_version) WHERE first_version > 1;
CREATE INDEX files_ended ON files (folder_id, last_version) WHERE last_version IS NOT NULL;
CREATE INDEX files_long ON files (folder_id) WHERE long_path IS NOT NULL;
CREATE INDEX aliases_at ON aliases USING brin (at) WITH (pages_per_range = 32);
