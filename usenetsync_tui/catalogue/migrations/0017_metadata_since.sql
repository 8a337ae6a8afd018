-- The first version of a folder that tells all extended attributes, hard links and special files that
-- it had; NULL: none does yet, and the next upload looks once. Which one it was is not known of folders
-- that have such versions already: their newest one certainly is.
ALTER TABLE folders ADD COLUMN metadata_since integer;
UPDATE folders f
   SET metadata_since = coalesce((SELECT max(version) FROM snapshots s
                                   WHERE s.folder_id = f.id AND s.state <> 0), 1)
 WHERE metadata_known;
ALTER TABLE folders DROP COLUMN metadata_known;

-- Files that share a set of extended attributes: forgetting asks whether there are any.
CREATE INDEX files_xattrs ON files (xattrs) WHERE xattrs IS NOT NULL;
