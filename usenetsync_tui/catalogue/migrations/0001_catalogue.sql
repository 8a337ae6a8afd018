-- The catalogue of DESIGN §6. Paths are bytes: bytea compares byte by byte, which is the
-- order of the walk. Small numbers (kind, state, status, codec) are the IntEnums of model/.

CREATE TABLE realms (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store    text NOT NULL,
    profile  text NOT NULL,
    domain   text NOT NULL,
    UNIQUE (store, profile)
);

CREATE TABLE folders (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    path        bytea NOT NULL UNIQUE,
    name        text NOT NULL UNIQUE,
    realm_id    bigint NOT NULL REFERENCES realms,
    priority    smallint NOT NULL,
    compression text NOT NULL,
    copies      smallint NOT NULL CHECK (copies BETWEEN 1 AND 10),
    created_at  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE snapshots (
    folder_id   bigint NOT NULL REFERENCES folders,
    version     integer NOT NULL CHECK (version > 0),
    state       smallint NOT NULL DEFAULT 0,
    started_at  timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    files       bigint NOT NULL DEFAULT 0,
    directories bigint NOT NULL DEFAULT 0,
    symlinks    bigint NOT NULL DEFAULT 0,
    size        bigint NOT NULL DEFAULT 0,
    added       bigint NOT NULL DEFAULT 0,
    modified    bigint NOT NULL DEFAULT 0,
    removed     bigint NOT NULL DEFAULT 0,
    stored_size bigint NOT NULL DEFAULT 0,
    errors      bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (folder_id, version)
);

-- A row is true from first_version to last_version (null: still). path_key is the path
-- itself, or for paths over 1,800 bytes its head and digest (a b-tree key ends at 2,704
-- bytes); long_path then holds the path.
CREATE TABLE files (
    folder_id     bigint NOT NULL,
    path_key      bytea NOT NULL,
    first_version integer NOT NULL,
    last_version  integer,
    kind          smallint NOT NULL,
    state         smallint NOT NULL,
    mode          integer NOT NULL,
    size          bigint NOT NULL,
    mtime_ns      bigint NOT NULL,
    ctime_ns      bigint NOT NULL,
    inode         bigint NOT NULL,
    object_id     bigint,
    object_offset bigint,
    sha256        bytea,
    xxh3          bytea,
    link          bytea,
    long_path     bytea,
    reason        text,
    PRIMARY KEY (folder_id, path_key, first_version)
);
CREATE INDEX files_pending ON files (folder_id, path_key) WHERE state = 0;

CREATE SEQUENCE object_ids;

-- One file's content, or a pack. posted counts the acknowledged articles of the
-- segments * copies it needs; a pack's members lie between first_key and last_key.
CREATE TABLE objects (
    id           bigint PRIMARY KEY,
    folder_id    bigint NOT NULL,
    realm_id     bigint NOT NULL,
    kind         smallint NOT NULL,
    size         bigint NOT NULL,
    segment_size integer NOT NULL,
    segments     integer NOT NULL,
    copies       smallint NOT NULL,
    posted       bigint NOT NULL DEFAULT 0,
    files        integer NOT NULL,
    first_key    bytea NOT NULL,
    last_key     bytea NOT NULL,
    complete     boolean NOT NULL DEFAULT false
);
CREATE INDEX objects_incomplete ON objects (folder_id, id) WHERE NOT complete;

CREATE TABLE segments (
    object_id     bigint NOT NULL,
    segment_index integer NOT NULL,
    redundancy    smallint NOT NULL,
    realm_id      bigint NOT NULL,
    size          integer NOT NULL,
    payload_size  integer NOT NULL,
    hash          bytea NOT NULL,
    codec         smallint NOT NULL,
    nonce         bytea,
    message_id    bytea NOT NULL CHECK (octet_length(message_id) = 16),
    server        text,
    status        smallint NOT NULL,
    tries         smallint NOT NULL DEFAULT 0,
    planned_at    timestamptz NOT NULL DEFAULT now(),
    posted_at     timestamptz,
    verified_at   timestamptz,
    error         text,
    PRIMARY KEY (object_id, segment_index, redundancy)
) PARTITION BY HASH (object_id);
CREATE INDEX segments_hash ON segments (realm_id, hash, redundancy);
CREATE INDEX segments_message_id ON segments (message_id);
CREATE INDEX segments_pending ON segments (object_id) WHERE status NOT IN (2, 3, 6);

-- The shards store: Message-ID → payload. Already compressed, so TOAST must not try again.
CREATE TABLE articles (
    message_id bytea NOT NULL PRIMARY KEY,
    payload    bytea NOT NULL,
    posted_at  timestamptz NOT NULL DEFAULT now()
) PARTITION BY HASH (message_id);
ALTER TABLE articles ALTER COLUMN payload SET STORAGE EXTERNAL;

DO $$
BEGIN
    FOR shard IN 0..15 LOOP
        EXECUTE format('CREATE TABLE segments_%s PARTITION OF segments
            FOR VALUES WITH (MODULUS 16, REMAINDER %s)', lpad(shard::text, 2, '0'), shard);
        EXECUTE format('CREATE TABLE articles_%s PARTITION OF articles
            FOR VALUES WITH (MODULUS 16, REMAINDER %s)', lpad(shard::text, 2, '0'), shard);
    END LOOP;
END $$;

CREATE TABLE jobs (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    folder_id   bigint NOT NULL REFERENCES folders,
    verb        text NOT NULL,
    priority    smallint NOT NULL,
    state       text NOT NULL,
    version     integer,
    target      bytea,
    prefix      bytea,
    owns_target boolean NOT NULL DEFAULT false,
    created_at  timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    done_files  bigint NOT NULL DEFAULT 0,
    done_bytes  bigint NOT NULL DEFAULT 0,
    total_files bigint NOT NULL DEFAULT 0,
    total_bytes bigint NOT NULL DEFAULT 0,
    errors      bigint NOT NULL DEFAULT 0,
    message     text
);
CREATE INDEX jobs_open ON jobs (priority, id) WHERE state IN ('queued', 'running', 'paused');

CREATE TABLE notices (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job_id  bigint NOT NULL REFERENCES jobs,
    kind    smallint NOT NULL,
    path    bytea NOT NULL,
    reason  text NOT NULL,
    at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX notices_job ON notices (job_id, id);
