-- Usenet: realms with a key or with newsgroups of their own, further names of articles, and
-- the schedule by which posted articles are looked for.

-- A sealed realm belongs to one folder and has its wrapped key; the others are shared by all
-- folders that post in the same way.
ALTER TABLE realms DROP CONSTRAINT realms_store_profile_key;
ALTER TABLE realms
    ADD COLUMN newsgroups  text[] NOT NULL DEFAULT '{}',
    ADD COLUMN sender      text NOT NULL DEFAULT '',
    ADD COLUMN owner       bytea,
    ADD COLUMN wrapped_key bytea,
    ADD CONSTRAINT realms_sealed CHECK ((wrapped_key IS NULL) = (owner IS NULL));
CREATE UNIQUE INDEX realms_shared ON realms (store, profile, newsgroups, sender)
 WHERE owner IS NULL;
CREATE UNIQUE INDEX realms_owned ON realms (owner, store, profile) WHERE owner IS NOT NULL;

-- wire_size is that of the article as it was posted. check_at is when the store is to be asked
-- for it, checks how often it has been asked in vain, reposts how often it was posted again.
ALTER TABLE segments
    ADD COLUMN wire_size integer,
    ADD COLUMN check_at  timestamptz,
    ADD COLUMN checks    smallint NOT NULL DEFAULT 0,
    ADD COLUMN reposts   smallint NOT NULL DEFAULT 0;
CREATE INDEX segments_check ON segments (realm_id, check_at)
 WHERE status = 2 AND check_at IS NOT NULL;

-- Names under which an article may be found besides its own: one a server gave it (adopted), or
-- one that it was posted under before and that turned out unreadable.
CREATE TABLE aliases (
    message_id bytea NOT NULL CHECK (octet_length(message_id) = 16),
    wire_id    text NOT NULL,
    adopted    boolean NOT NULL,
    at         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (message_id, wire_id)
);

-- Where a version's articles go, and how many a segment has: unknown for earlier versions.
ALTER TABLE snapshots ADD COLUMN realm_id bigint, ADD COLUMN copies smallint;
