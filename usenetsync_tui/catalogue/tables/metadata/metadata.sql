-- add_xattrs
-- Sets of extended attributes, each once. One that is there already is locked, so that forgetting does
-- not delete it before the rows that refer to it are there.
INSERT INTO xattrs (digest, value)
SELECT u.digest, u.found
  FROM unnest((SELECT %(digests)b::bytea[]), (SELECT %(found)b::bytea[])) AS u(digest, found)
 ORDER BY u.digest
    ON CONFLICT (digest) DO UPDATE SET digest = excluded.digest;

-- record
-- What the current rows of some paths have. (As in files.sql: the rows are found key by key, and those
-- up to the newest finished version may be in the index already.)
UPDATE files f
   SET xattrs = u.xattrs, link_set = u.link_set, extents = u.extents,
       changed_at = CASE WHEN f.first_version <= finished.version THEN clock_timestamp()
                         ELSE f.changed_at END
  FROM unnest((SELECT %(keys)b::bytea[]), (SELECT %(xattrs)b::bytea[]),
              (SELECT %(link_sets)b::int8[]), (SELECT %(extents)b::bytea[]))
       AS u(path_key, xattrs, link_set, extents)
 CROSS JOIN LATERAL (
       SELECT c.folder_id, c.first_version FROM files c
        WHERE c.folder_id = %(folder)s AND c.path_key = u.path_key AND c.last_version IS NULL
       OFFSET 0) AS now
 CROSS JOIN (SELECT max(version) AS version FROM snapshots
              WHERE folder_id = %(folder)s AND state <> {version.building}) AS finished
 WHERE f.folder_id = now.folder_id AND f.path_key = u.path_key
   AND f.first_version = now.first_version;

-- since
-- The first version that tells all that its files had.
SELECT metadata_since FROM folders WHERE id = %(folder)s;

-- set_known
-- The rows of a folder tell what its files have, from a version on.
UPDATE folders SET metadata_since = %(version)s
 WHERE id = %(folder)s AND metadata_since IS NULL;

-- take_lonely_links
-- Some files of a version whose other names are all outside of the folder: that is nothing to restore.
-- Returns their keys. (The condition on 1 is that of the index files_begun.)
WITH lonely AS (
    SELECT n.path_key FROM files n
     WHERE n.folder_id = %(folder)s AND n.first_version = %(version)s AND n.first_version > 1
       AND n.link_set IS NOT NULL
       AND NOT EXISTS (SELECT FROM files o
                        WHERE o.folder_id = n.folder_id AND o.link_set = n.link_set
                          AND o.path_key <> n.path_key AND o.last_version IS NULL)
     LIMIT %(limit)s)
UPDATE files f SET link_set = NULL FROM lonely
 WHERE f.folder_id = %(folder)s AND f.path_key = lonely.path_key
   AND f.first_version = %(version)s
RETURNING f.path_key;
