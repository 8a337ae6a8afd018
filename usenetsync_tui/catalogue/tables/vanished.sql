-- within
-- Rows `k` whose key is in a part of a folder.
k.folder_id = %(folder)s AND k.path_key >= %(start)s
AND (%(until)s::bytea IS NULL OR k.path_key < %(until)s)
AND NOT EXISTS (SELECT FROM unnest(%(starts)b::bytea[], %(untils)b::bytea[]) AS w(start, until)
                 WHERE k.path_key >= w.start AND k.path_key < w.until);

-- clear
-- Forget all vanished keys of a folder.
DELETE FROM vanished WHERE folder_id = %(folder)s;

-- add
-- Keys that are gone, or left out by the filters.
INSERT INTO vanished (folder_id, path_key, excluded)
SELECT %(folder)s, u.path_key, %(excluded)s FROM unnest(%(keys)b::bytea[]) AS u(path_key)
    ON CONFLICT DO NOTHING;

-- skip
-- Mark pending files of a part as vanished, so that this run does not read them.
INSERT INTO vanished (folder_id, path_key)
SELECT k.folder_id, k.path_key FROM files k
 WHERE {within} AND k.state = {file.pending} AND k.last_version IS NULL
    ON CONFLICT DO NOTHING;

-- end
-- End rows of earlier versions before the version under construction. (Here and below: current rows
-- are found key by key, as in files.sql.)
UPDATE files f SET last_version = %(version)s - 1
  FROM vanished v
 CROSS JOIN LATERAL (
       SELECT c.folder_id, c.path_key, c.first_version FROM files c
        WHERE c.folder_id = v.folder_id AND c.path_key = v.path_key AND c.last_version IS NULL
          AND c.first_version < %(version)s
       OFFSET 0) AS now
 WHERE v.folder_id = %(folder)s AND f.folder_id = now.folder_id AND f.path_key = now.path_key
   AND f.first_version = now.first_version;

-- delete_new
-- Delete files that appeared and vanished while the version was under construction.
DELETE FROM files f
 USING vanished v
 CROSS JOIN LATERAL (
       SELECT c.folder_id, c.path_key, c.first_version FROM files c
        WHERE c.folder_id = v.folder_id AND c.path_key = v.path_key
          AND c.first_version = %(version)s
       OFFSET 0) AS made
 WHERE v.folder_id = %(folder)s AND f.folder_id = made.folder_id
   AND f.path_key = made.path_key AND f.first_version = made.first_version;

-- keep
-- Forget the vanished keys of a part.
DELETE FROM vanished k WHERE {within};

-- keep_keys
-- Forget some vanished keys.
DELETE FROM vanished WHERE folder_id = %(folder)s AND path_key = ANY(%(keys)b::bytea[]);

-- continue
-- Continue rows that ended before the version under construction without a successor.
UPDATE files k SET last_version = NULL
 WHERE {within} AND k.last_version = %(version)s - 1
   AND NOT EXISTS (SELECT FROM files c
                    WHERE c.folder_id = k.folder_id AND c.path_key = k.path_key
                      AND c.first_version = %(version)s);

-- continue_keys
-- The same for some keys.
UPDATE files k SET last_version = NULL
 WHERE k.folder_id = %(folder)s AND k.path_key = ANY(%(keys)b::bytea[])
   AND k.last_version = %(version)s - 1
   AND NOT EXISTS (SELECT FROM files c
                    WHERE c.folder_id = k.folder_id AND c.path_key = k.path_key
                      AND c.first_version = %(version)s);

-- forget_unread
-- Delete rows of the version under construction that were not read.
DELETE FROM files k
 WHERE {within} AND k.first_version = %(version)s AND k.state <> {file.planned};

-- forget_keys
-- Delete rows of the version under construction, read or not.
DELETE FROM files
 WHERE folder_id = %(folder)s AND path_key = ANY(%(keys)b::bytea[])
   AND first_version = %(version)s;

-- any
-- Whether anything of a folder has vanished.
SELECT EXISTS (SELECT FROM vanished WHERE folder_id = %(folder)s);

-- missing
-- Files and symlinks of a version that have vanished from a part, but for excluded ones.
SELECT count(*)
  FROM (SELECT k.folder_id, k.path_key FROM vanished k
         WHERE {within} AND NOT k.excluded) AS v
 CROSS JOIN LATERAL (
       SELECT FROM files c
        WHERE c.folder_id = v.folder_id AND c.path_key = v.path_key AND c.kind IN ({kind.regular}, {kind.symlink})
          AND c.first_version <= %(version)s
          AND (c.last_version IS NULL OR c.last_version >= %(version)s)
       OFFSET 0) AS was;

-- missing_already
-- Those that ended before the version under construction without a successor.
SELECT count(*) FROM files k
 WHERE {within} AND k.kind IN ({kind.regular}, {kind.symlink}) AND k.first_version <= %(version)s
   AND k.last_version = %(building)s - 1
   AND NOT EXISTS (SELECT FROM files c
                    WHERE c.folder_id = k.folder_id AND c.path_key = k.path_key
                      AND c.first_version = %(building)s);

-- held
-- Files and symlinks of a version in a part, but for those that the filters leave out now.
SELECT count(*) FROM files k
 WHERE {within} AND k.kind IN ({kind.regular}, {kind.symlink}) AND k.first_version <= %(version)s
   AND (k.last_version IS NULL OR k.last_version >= %(version)s)
   AND NOT EXISTS (SELECT FROM vanished v
                    WHERE v.folder_id = k.folder_id AND v.path_key = k.path_key AND v.excluded);

-- left
-- Whether any file or symlink in a part is there now, taken in or excluded.
SELECT EXISTS (
       SELECT FROM files k
        WHERE {within} AND k.kind IN ({kind.regular}, {kind.symlink}) AND k.last_version IS NULL
          AND NOT EXISTS (SELECT FROM vanished v
                           WHERE v.folder_id = k.folder_id AND v.path_key = k.path_key
                             AND NOT v.excluded));
