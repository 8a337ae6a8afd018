-- What the articles of a folder say of themselves can be changed: newsgroups, poster, real names or
-- random ones. Message-IDs stay what they are: they depend on the realm alone.

-- Each row is what a folder posts with from some moment on. newsgroups, sender: null as in the
-- realm. veil: the secret that random headers are drawn by; null: real names. chosen: by the user,
-- and not taken from the settings because nothing was posted yet.
CREATE TABLE headers (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    folder_id  bigint NOT NULL REFERENCES folders,
    newsgroups text[],
    sender     text,
    veil       bytea CHECK (octet_length(veil) = 32),
    chosen     boolean NOT NULL
);
CREATE INDEX headers_folder ON headers (folder_id);

-- found_newsgroups: those that a server was found to have, which are not asked for again.
ALTER TABLE folders
    ADD COLUMN headers_id bigint REFERENCES headers,
    ADD COLUMN found_newsgroups text[] NOT NULL DEFAULT '{}';

-- What an article was posted with; null: what its realm began with. An NZB lists that.
ALTER TABLE segments ADD COLUMN headers_id bigint;

-- A folder that begins with random headers has no domain in common with those that give names.
ALTER TABLE realms ADD COLUMN obfuscated boolean NOT NULL DEFAULT false;
DROP INDEX realms_shared;
CREATE UNIQUE INDEX realms_shared ON realms (store, profile, newsgroups, sender, obfuscated)
 WHERE owner IS NULL;
