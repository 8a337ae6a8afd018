-- Nothing is lost in silence: what is kept of a file besides its content, and what tells a missing
-- source, article or key from an empty one.

-- The owner and group of each path, as numbers; unknown (null) in rows from before.
ALTER TABLE files ADD COLUMN uid bigint, ADD COLUMN gid bigint;

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
