-- Which hash function a realm uses, and what the digest of a file was made of.

-- Realms from before use SHA-256 and go on with it: their articles are found by those digests.
ALTER TABLE realms ADD COLUMN digest text NOT NULL DEFAULT 'sha256'
    CHECK (digest IN ('sha256', 'blake3'));
ALTER TABLE realms ALTER COLUMN digest DROP DEFAULT;
DROP INDEX realms_shared;
CREATE UNIQUE INDEX realms_shared
    ON realms (store, profile, newsgroups, sender, obfuscated, digest) WHERE owner IS NULL;

-- digest_kind: model.digests.DigestKind; null: SHA-256 of the whole content, as in all rows from
-- before. Nothing is rewritten. The weak digest beside it was never compared.
ALTER TABLE files RENAME COLUMN sha256 TO digest;
ALTER TABLE files ADD COLUMN digest_kind smallint CHECK (digest_kind BETWEEN 1 AND 3);
ALTER TABLE files DROP COLUMN xxh3;
