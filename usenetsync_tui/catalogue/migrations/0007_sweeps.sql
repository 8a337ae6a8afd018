-- Where the sweeps of verify are, so that an interrupted one continues.

-- A row is one kind of sweep of a folder: asking for all articles, fetching all, or fetching one of
-- so many parts (sample; 1: all), of which `part` is next or under way. The articles up to (object_id,
-- segment_index, redundancy) are asked for, and the counts are what that found; those known to be
-- lost when it began are in them. finished_at is null while it is under way. job_id: the job that has
-- its notices. lost_bytes: what it found missing or damaged is in done_bytes and in no object any more.
CREATE TABLE sweeps (
    folder_id     bigint NOT NULL REFERENCES folders,
    bodies        boolean NOT NULL,
    sample        integer NOT NULL CHECK (sample >= 1),
    part          integer NOT NULL DEFAULT 0,
    job_id        bigint NOT NULL REFERENCES jobs,
    began_at      timestamptz NOT NULL DEFAULT now(),
    finished_at   timestamptz,
    object_id     bigint NOT NULL,
    segment_index integer NOT NULL,
    redundancy    smallint NOT NULL,
    checked       bigint NOT NULL,
    missing       bigint NOT NULL,
    damaged       bigint NOT NULL,
    unknown       bigint NOT NULL,
    why_unknown   text NOT NULL,
    done_files    bigint NOT NULL,
    done_bytes    bigint NOT NULL,
    lost_bytes    bigint NOT NULL,
    PRIMARY KEY (folder_id, bodies, sample)
);

-- sample: a verify that checks one of so many parts of the articles; 1: all of them.
ALTER TABLE jobs ADD COLUMN sample integer NOT NULL DEFAULT 1;
