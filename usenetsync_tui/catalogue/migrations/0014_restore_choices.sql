-- What a restore does with what its target has: a resumed job goes on with the same choices.
ALTER TABLE jobs
    ADD COLUMN exclude bytea[] NOT NULL DEFAULT '{}',
    ADD COLUMN overwrite text NOT NULL DEFAULT 'always',
    ADD COLUMN deletes boolean NOT NULL DEFAULT false;
