-- Packs that are written again without what only forgotten versions had in them. A pack keeps its id,
-- and its files their places in it; it gets other articles, in which zeros stand for what is gone.

-- rewritten_at: when the pack got its present articles; the next run of the index tells them. left_out:
-- its bytes that are zeros since then. Both are null in nearly all rows.
ALTER TABLE objects ADD COLUMN rewritten_at timestamptz, ADD COLUMN left_out bigint;
CREATE INDEX objects_rewritten ON objects (folder_id, rewritten_at) WHERE rewritten_at IS NOT NULL;

-- replaced_at: the segments are those that a pack had before; they stay until the index tells the
-- present ones. new_bytes: bytes of the articles that were posted instead.
ALTER TABLE forgotten_objects ADD COLUMN replaced_at timestamptz, ADD COLUMN new_bytes bigint;

-- packs_chosen: the packs to be written again are chosen, with what the version had already deleted.
ALTER TABLE forgotten_versions ADD COLUMN packs_chosen boolean NOT NULL DEFAULT false;

-- The packs that a job writes again, a batch after the other. live: their bytes that files have.
CREATE TABLE worn_packs (
    object_id bigint PRIMARY KEY,
    folder_id bigint NOT NULL,
    live      bigint NOT NULL
);
CREATE INDEX worn_packs_folder ON worn_packs (folder_id, object_id);
