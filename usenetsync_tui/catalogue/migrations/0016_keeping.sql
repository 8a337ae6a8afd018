-- What the user says about a version: it is protected, and its tags.
ALTER TABLE snapshots
    ADD COLUMN protected boolean NOT NULL DEFAULT false,
    ADD COLUMN tags text[] NOT NULL DEFAULT '{}';

-- Which versions of a folder are kept (model/keep_rules); unless they are its own, those of the
-- settings apply.
ALTER TABLE folders
    ADD COLUMN keep_own boolean NOT NULL DEFAULT false,
    ADD COLUMN keep_last integer NOT NULL DEFAULT 0 CHECK (keep_last >= 0),
    ADD COLUMN keep_hourly integer NOT NULL DEFAULT 0 CHECK (keep_hourly >= 0),
    ADD COLUMN keep_daily integer NOT NULL DEFAULT 0 CHECK (keep_daily >= 0),
    ADD COLUMN keep_weekly integer NOT NULL DEFAULT 0 CHECK (keep_weekly >= 0),
    ADD COLUMN keep_monthly integer NOT NULL DEFAULT 0 CHECK (keep_monthly >= 0),
    ADD COLUMN keep_yearly integer NOT NULL DEFAULT 0 CHECK (keep_yearly >= 0),
    ADD COLUMN keep_within text NOT NULL DEFAULT '',
    ADD COLUMN keep_tags text[] NOT NULL DEFAULT '{}';
