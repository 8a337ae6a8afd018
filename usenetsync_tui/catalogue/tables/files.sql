-- in_order
-- The next page is read along the primary key, whatever the planner knows of the folder. Before the
-- first ANALYZE of a new folder it expects few rows, and would read and sort all that are left: for
-- each page.
SET LOCAL enable_bitmapscan = off;

-- current_page
-- The current rows after a key, in path order: one side of the merge join. (Here and in the other
-- pages: no more rows than hold about 1 MiB of long paths, since a path can be as long as a tree is
-- deep. Only an empty page ends the list.)
SELECT {current_row.columns}
  FROM (SELECT *, coalesce(sum(coalesce(octet_length(long_path), 0)) OVER (
           ORDER BY path_key ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
          FROM (SELECT * FROM files
                 WHERE folder_id = %(folder)s AND path_key > %(after)s AND last_version IS NULL
                 ORDER BY path_key
                 LIMIT %(limit)s) AS page) AS f
 WHERE before < 1048576
 ORDER BY path_key;

-- current_first_page
-- The first rows of the merge join, the folder's own among them.
SELECT {current_row.columns}
  FROM (SELECT *, coalesce(sum(coalesce(octet_length(long_path), 0)) OVER (
           ORDER BY path_key ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
          FROM (SELECT * FROM files
                 WHERE folder_id = %(folder)s AND last_version IS NULL
                 ORDER BY path_key
                 LIMIT %(limit)s) AS page) AS f
 WHERE before < 1048576
 ORDER BY path_key;

-- staging
-- The staging table of this session; temporary, so no WAL is written for it.
CREATE TEMPORARY TABLE IF NOT EXISTS staged_files ({staged.definition})
ON COMMIT DELETE ROWS;

-- copy_staged
-- Binary COPY of the walk's entries.
COPY staged_files ({staged.columns})
FROM STDIN (FORMAT BINARY);

-- continue_staged
-- Rows that ended before the version under construction, though the walk finds them unchanged,
-- continue; the row in their place in that version, and the staged entry, are deleted. Returns the
-- keys. Not for files that must be read again because their articles belong elsewhere now, or
-- because their times do not tell their contents apart.
WITH back AS (
    UPDATE files f SET last_version = NULL
      FROM staged_files s
     WHERE f.folder_id = %(folder)s AND f.path_key = s.path_key
       AND f.last_version = %(version)s - 1 AND f.state = {file.planned} AND f.racy IS NOT TRUE
       AND (f.kind, coalesce(f.stat_size, f.size), f.mtime_ns, f.ctime_ns, f.inode, f.mode)
         = (s.kind, s.size, s.mtime_ns, s.ctime_ns, s.inode, s.mode)
       AND f.link IS NOT DISTINCT FROM s.link
       AND (f.uid IS NULL OR (f.uid, f.gid) = (s.uid, s.gid))
       AND NOT EXISTS (SELECT FROM objects o JOIN folders k ON k.id = o.folder_id
                        WHERE o.id = f.object_id
                          AND (o.realm_id <> k.realm_id OR o.copies < k.copies))
 RETURNING f.path_key),
instead AS (
    DELETE FROM files f USING back
     WHERE f.folder_id = %(folder)s AND f.path_key = back.path_key
       AND f.first_version = %(version)s),
known AS (
    DELETE FROM staged_files s USING back WHERE s.path_key = back.path_key)
SELECT path_key FROM back;

-- close_superseded
-- Rows of earlier versions end before the version under construction.
UPDATE files SET last_version = %(version)s - 1
 WHERE folder_id = %(folder)s AND path_key = ANY(%(keys)b::bytea[])
   AND last_version IS NULL AND first_version < %(version)s;

-- insert_staged
-- Added and modified files. One that changed again under construction starts over, but keeps its
-- object if its size is the same: the reader compares the file with it. Without an offset there the
-- file has changed since an earlier run planned a part of it, so that part must be read again.
INSERT INTO files (folder_id, first_version, {staged.columns})
SELECT %(folder)s, %(version)s, {staged.columns}
  FROM staged_files
    ON CONFLICT (folder_id, path_key, first_version) DO UPDATE
   SET kind = excluded.kind, state = excluded.state, size = excluded.size,
       mtime_ns = excluded.mtime_ns, ctime_ns = excluded.ctime_ns, inode = excluded.inode,
       mode = excluded.mode, link = excluded.link, uid = excluded.uid, gid = excluded.gid,
       last_version = NULL, stat_size = NULL, racy = NULL, reason = NULL,
       xattrs = NULL, link_set = NULL, extents = NULL,
       (object_id, object_offset, digest, digest_kind) = (
           SELECT files.object_id,
                  CASE WHEN files.digest IS NOT NULL
                         OR (files.mtime_ns, files.ctime_ns, files.inode)
                            = (excluded.mtime_ns, excluded.ctime_ns, excluded.inode)
                       THEN files.object_offset END,
                  files.digest, files.digest_kind
            WHERE files.kind = {kind.regular} AND excluded.kind = {kind.regular}
              AND coalesce(files.stat_size, files.size) = excluded.size);

-- refresh
-- Update columns that do not describe a file's content or kept attributes, without a new version;
-- fill in owners that an earlier program did not keep. The index need not tell what differs because
-- the folder was adopted in another place: whoever adopts it again compares neither. Nor is the time of
-- a directory in it. (Here and below: rows up to the newest finished version may be in the index.)
UPDATE files f
   SET ctime_ns = u.ctime_ns, inode = u.inode, uid = u.uid, gid = u.gid,
       changed_at = CASE WHEN f.first_version <= finished.version
                          AND (f.kind <> {kind.directory} OR f.uid IS NULL)
                          AND (SELECT adopted_version IS NULL FROM folders WHERE id = %(folder)s)
                         THEN clock_timestamp() ELSE f.changed_at END
  FROM unnest((SELECT %(keys)b::bytea[]), (SELECT %(ctimes)b::int8[]),
              (SELECT %(inodes)b::int8[]), (SELECT %(uids)b::int8[]), (SELECT %(gids)b::int8[]))
       AS u(path_key, ctime_ns, inode, uid, gid)
 CROSS JOIN LATERAL (
       SELECT c.folder_id, c.first_version FROM files c
        WHERE c.folder_id = %(folder)s AND c.path_key = u.path_key AND c.last_version IS NULL
       OFFSET 0) AS now
 CROSS JOIN (SELECT max(version) AS version FROM snapshots
              WHERE folder_id = %(folder)s AND state <> {version.building}) AS finished
 WHERE f.folder_id = now.folder_id AND f.path_key = u.path_key
   AND f.first_version = now.first_version;

-- pending_page
-- Files whose bytes are still to be read, after a key and before another, in path order, without
-- those that are gone. With the object that an interrupted upload began, or else the last place of
-- the path's content: in an object of the realm with no known loss and the wanted number of copies.
-- (OFFSET 0: vanished files are found row by row.)
SELECT {entry.columns_of_f},
       CASE WHEN f.digest IS NULL THEN f.object_id END, f.path_key,
       f.digest IS NULL AND f.object_id IS NOT NULL AND f.object_offset IS NOT NULL,
       was.object_id, was.object_offset, was.digest, was.digest_kind, was.size, was.segment_size
  FROM (SELECT *, coalesce(sum(coalesce(octet_length(long_path), 0)) OVER (
           ORDER BY path_key ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
          FROM (SELECT * FROM files
                 WHERE folder_id = %(folder)s AND path_key > %(after)s AND state = {file.pending}
                   AND last_version IS NULL AND (%(until)s::bytea IS NULL OR path_key < %(until)s)
                   AND NOT EXISTS (SELECT FROM vanished v
                                    WHERE v.folder_id = files.folder_id
                                      AND v.path_key = files.path_key
                                    OFFSET 0)
                 ORDER BY path_key
                 LIMIT %(limit)s) AS page) AS f
  LEFT JOIN LATERAL (
       SELECT w.object_id, w.object_offset, w.digest, w.digest_kind,
              CASE o.kind WHEN {object.file} THEN o.size ELSE -1 END AS size, o.segment_size
         FROM files w JOIN objects o ON o.id = w.object_id
        WHERE (f.first_version > 1 OR f.digest IS NOT NULL)
          AND w.folder_id = f.folder_id AND w.path_key = f.path_key
          AND w.kind = {kind.regular} AND w.digest IS NOT NULL
          AND coalesce(w.stat_size, w.size) = coalesce(f.stat_size, f.size)
          AND o.realm_id = %(realm)s AND o.copies >= %(copies)s
          AND (o.complete OR NOT EXISTS (
               SELECT FROM segments s WHERE s.object_id = o.id AND s.status IN {segment.unusable}))
        ORDER BY w.first_version DESC
        LIMIT 1) AS was ON true
 WHERE f.before < 1048576
 ORDER BY f.path_key;

-- set_planned
-- The places of these files' bytes in objects. (Here and below: the current row is found key by
-- key, then joined by its whole primary key. OFFSET 0 hides the folder from the planner, which
-- without statistics estimates a folder as small, and would scan all of it. The SELECT around each
-- array hides its length: for some thousand keys the planner would scan the whole table and hash
-- it, once for each batch.)
UPDATE files f
   SET state = {file.planned}, object_id = u.object_id, object_offset = u.object_offset,
       size = coalesce(u.size, f.stat_size, f.size),
       stat_size = nullif(coalesce(f.stat_size, f.size), coalesce(u.size, f.stat_size, f.size)),
       digest = u.digest, digest_kind = u.digest_kind, racy = nullif(u.racy, false),
       reason = NULL, xattrs = NULL, link_set = NULL, extents = NULL,
       changed_at = CASE WHEN f.first_version <= finished.version THEN clock_timestamp() END,
       replaced = CASE WHEN f.first_version <= finished.version THEN true END
  FROM unnest((SELECT %(keys)b::bytea[]), (SELECT %(objects)b::int8[]),
              (SELECT %(offsets)b::int8[]), (SELECT %(sizes)b::int8[]),
              (SELECT %(digests)b::bytea[]), (SELECT %(digest_kinds)b::int2[]),
              (SELECT %(racy)b::bool[]))
       AS u(path_key, object_id, object_offset, size, digest, digest_kind, racy)
 CROSS JOIN LATERAL (
       SELECT c.folder_id, c.first_version FROM files c
        WHERE c.folder_id = %(folder)s AND c.path_key = u.path_key AND c.last_version IS NULL
       OFFSET 0) AS now
 CROSS JOIN (SELECT max(version) AS version FROM snapshots
              WHERE folder_id = %(folder)s AND state <> {version.building}) AS finished
 WHERE f.folder_id = now.folder_id AND f.path_key = u.path_key
   AND f.first_version = now.first_version;

-- set_object
-- A large file's object, so that a resumed upload continues it; not if a walk has found the file
-- changed since: other content must never continue in the same object.
UPDATE files SET object_id = %(object)s, digest = NULL, digest_kind = NULL,
       object_offset = CASE WHEN object_id = %(object)s AND digest IS NULL THEN object_offset
                            ELSE 0 END
 WHERE folder_id = %(folder)s AND path_key = %(key)s AND last_version IS NULL
   AND state = {file.pending} AND coalesce(stat_size, size) = %(size)s AND mtime_ns = %(mtime_ns)s
   AND ctime_ns = %(ctime_ns)s AND inode = %(inode)s;

-- leave_object
-- Detach a large file from the object in which it was to lie.
UPDATE files SET object_id = NULL, object_offset = NULL
 WHERE folder_id = %(folder)s AND path_key = %(key)s AND last_version IS NULL
   AND state = {file.pending} AND object_id = %(object)s AND digest IS NULL;

-- set_failed
-- Files that could not be read; the row keeps the reason.
UPDATE files f
   SET state = {file.failed}, object_id = NULL, object_offset = NULL, reason = u.reason,
       changed_at = CASE WHEN f.first_version <= finished.version THEN clock_timestamp() END
  FROM unnest((SELECT %(keys)b::bytea[]), (SELECT %(reasons)s::text[])) AS u(path_key, reason)
 CROSS JOIN LATERAL (
       SELECT c.folder_id, c.first_version FROM files c
        WHERE c.folder_id = %(folder)s AND c.path_key = u.path_key AND c.last_version IS NULL
       OFFSET 0) AS now
 CROSS JOIN (SELECT max(version) AS version FROM snapshots
              WHERE folder_id = %(folder)s AND state <> {version.building}) AS finished
 WHERE f.folder_id = now.folder_id AND f.path_key = u.path_key
   AND f.first_version = now.first_version;

-- set_stale
-- The object's bytes are not available any more: its files must be read again. Until then their
-- places stay: other copies may be posted, and an earlier version may need them.
UPDATE files SET state = {file.pending}
 WHERE folder_id = %(folder)s AND object_id = %(object)s AND last_version IS NULL
   AND path_key BETWEEN %(first)s AND %(last)s;

-- members
-- The files of an object of any version, in the order of their bytes. If several rows of a path
-- share its bytes, the newest one describes the file as it is now.
SELECT {entry.names}, place, path_key, state
  FROM (SELECT DISTINCT ON (coalesce(object_offset, 0), path_key)
               {entry.labelled},
               coalesce(object_offset, 0) AS place, path_key, state
          FROM files
         WHERE folder_id = %(folder)s AND object_id = %(object)s
           AND path_key BETWEEN %(first)s AND %(last)s
         ORDER BY coalesce(object_offset, 0), path_key, first_version DESC) AS newest
 ORDER BY place, path_key;

-- unposted_page
-- Files of the current version whose object lacks articles, after a key, with the reason.
SELECT coalesce(f.long_path, f.path_key), f.path_key,
       (SELECT min(s.error) FROM segments s
         WHERE s.object_id = o.id AND s.status IN {segment.absent})
  FROM objects o
  JOIN files f ON f.folder_id = o.folder_id AND f.object_id = o.id AND f.last_version IS NULL
              AND f.path_key BETWEEN o.first_key AND o.last_key
 WHERE o.folder_id = %(folder)s AND NOT o.complete AND f.path_key > %(after)s
   AND f.state = {file.planned}
   AND NOT EXISTS (SELECT FROM vanished v
                    WHERE v.folder_id = f.folder_id AND v.path_key = f.path_key OFFSET 0)
 ORDER BY f.path_key
 LIMIT %(limit)s;
