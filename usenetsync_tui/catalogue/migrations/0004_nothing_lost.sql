-- Nothing is lost in silence: what is kept of a file besides its content, and what tells a missing
-- source, article or key from an empty one.

-- The owner and group of each path, as numbers; unknown (null) in rows from before.
ALTER TABLE files ADD COLUMN uid bigint, ADD COLUMN gid bigint;

-- Of an article whose bytes could not be had though a server said that it is there, STAT is not
-- believed any more: only its bytes prove it.
ALTER TABLE segments ADD COLUMN by_body boolean NOT NULL DEFAULT false;

-- How articles of a realm are named, how much its key has sealed, and the realm it goes on from.

-- dress: realms from before keep theirs, for what is posted is found by its name. sealed counts
-- units (codec/sealing) that the key has sealed, planned included. A key is renewed by a realm that
-- continues another one: the same place with another key, and the other one is renewed.
ALTER TABLE realms
    ADD COLUMN dress     smallint NOT NULL DEFAULT 1,
    ADD COLUMN sealed    bigint NOT NULL DEFAULT 0,
    ADD COLUMN continues bigint REFERENCES realms,
    ADD COLUMN renewed   boolean NOT NULL DEFAULT false;
DROP INDEX realms_owned;
CREATE UNIQUE INDEX realms_owned ON realms (owner, store, profile)
 WHERE owner IS NOT NULL AND NOT renewed;

-- What earlier programs sealed was not counted. Twice the articles of all objects is more than that:
-- one is sealed a second time only when it was under way at a crash, refused, or lost.
UPDATE realms r SET sealed = 2 * made.articles
  FROM (SELECT realm_id, sum(segments::bigint * copies)::bigint AS articles
          FROM objects GROUP BY realm_id) AS made
 WHERE made.realm_id = r.id AND r.owner IS NOT NULL;

-- The source guard: a missing source is not an empty one.
-- Keys that the walk of the version under construction did not find, or that were gone when they
-- were to be read. They are removed when the version is finished, all at once, and not before.
CREATE TABLE vanished (
    folder_id bigint NOT NULL,
    path_key  bytea NOT NULL,
    PRIMARY KEY (folder_id, path_key)
);

-- The file systems that the newest finished version of a folder was read from: the folder's own
-- (path is empty) and those mounted below it (path ends in a slash).
CREATE TABLE mounts (
    folder_id bigint NOT NULL REFERENCES folders,
    path      bytea NOT NULL,
    type      text NOT NULL,
    uuid      text NOT NULL,
    fsid      text NOT NULL,
    source    text NOT NULL,
    location  bytea NOT NULL,
    PRIMARY KEY (folder_id, path)
);

-- allow_shrink: the user wants the source taken as it is. refusal: why an upload was refused.
ALTER TABLE jobs ADD COLUMN allow_shrink boolean NOT NULL DEFAULT false, ADD COLUMN refusal jsonb;

-- Whether the configuration, keys and logs of UsenetSync itself are kept where a folder has them.
ALTER TABLE folders ADD COLUMN own_files boolean NOT NULL DEFAULT false;

-- stat_size is what the walk says of a file of which reading gave `size` bytes, where that differs.
-- racy: the file's times are not older than its reading, so it is read again. So is, once, what an
-- earlier program kept as empty without opening it, or may have read in the tick it was written in.
-- Both are null in nearly all rows, where they then take no room.
ALTER TABLE files ADD COLUMN stat_size bigint, ADD COLUMN racy boolean CHECK (racy);
UPDATE files f SET racy = true
  FROM snapshots s
 WHERE s.folder_id = f.folder_id AND s.version = f.first_version
   AND f.last_version IS NULL AND f.kind = 0 AND f.state = 1
   AND (f.size = 0 OR greatest(f.mtime_ns, f.ctime_ns)
                      >= (extract(epoch FROM s.started_at) - 3)::numeric * 1000000000);

-- Whether inode numbers say anything of a folder's files: ignored by choice, or found to change.
ALTER TABLE folders
    ADD COLUMN ignore_inode boolean NOT NULL DEFAULT false,
    ADD COLUMN unstable_inodes boolean NOT NULL DEFAULT false;
