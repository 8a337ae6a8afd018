-- add_xattrs
-- Sets of extended attributes, each once.
INSERT INTO xattrs (digest, value)
SELECT u.digest, u.found
  FROM unnest((SELECT %(digests)b::bytea[]), (SELECT %(found)b::bytea[])) AS u(digest, found)
 ORDER BY u.digest
    ON CONFLICT DO NOTHING;

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

-- is_known
-- Whether the rows of a folder tell what its files have.
SELECT metadata_known FROM folders WHERE id = %(folder)s;

-- set_known
-- The rows of a folder tell what its files have.
UPDATE folders SET metadata_known = true WHERE id = %(folder)s AND NOT metadata_known;
