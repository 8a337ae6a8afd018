-- Rows of finished versions that change without a new version: what the walk compares (times that a
-- version does not show, inode), whether a file is racy, the new place of content that was posted
-- again. changed_at: when that was last; the next run of the index tells it. replaced: whether the
-- place was among it. Both are null in nearly all rows, where they take no room.
ALTER TABLE files ADD COLUMN changed_at timestamptz, ADD COLUMN replaced boolean CHECK (replaced);
CREATE INDEX files_changed ON files (folder_id, changed_at) WHERE changed_at IS NOT NULL;
