-- The inode number of each folder's own directory when its last version was finished: with the file
-- system in `mounts` it tells a folder that was moved from a new one. NULL: not known yet.
ALTER TABLE folders ADD COLUMN root_inode bigint;
