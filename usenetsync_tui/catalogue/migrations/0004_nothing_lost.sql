-- Nothing is lost in silence: what is kept of a file besides its content, and what tells a missing
-- source, article or key from an empty one.

-- The owner and group of each path, as numbers; unknown (null) in rows from before.
ALTER TABLE files ADD COLUMN uid bigint, ADD COLUMN gid bigint;
