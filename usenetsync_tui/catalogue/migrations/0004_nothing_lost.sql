-- Nothing is lost in silence: what is kept of a file besides its content, and what tells a missing
-- source, article or key from an empty one.

-- The owner and group of each path, as numbers; unknown (null) in rows from before.
ALTER TABLE files ADD COLUMN uid bigint, ADD COLUMN gid bigint;

-- Of an article whose bytes could not be had though a server said that it is there, STAT is not
-- believed any more: only its bytes prove it.
ALTER TABLE segments ADD COLUMN by_body boolean NOT NULL DEFAULT false;
