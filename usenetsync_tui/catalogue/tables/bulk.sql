-- is_building
-- Whether a version is under construction.
SELECT EXISTS (SELECT FROM snapshots
                WHERE folder_id = %(folder)s AND version = %(version)s
                  AND state = {version.building});

-- pending
-- Current rows of `files f` that can be held or left out: in the version under construction.
f.last_version IS NULL AND %(building)s AND f.state = {file.pending};

-- retriable
-- Current rows of `files f` that can be retried: those that failed in the version under
-- construction, and those of any version with articles that were given up.
f.last_version IS NULL
AND (%(building)s AND f.state = {file.failed} OR f.state <> {file.failed} AND EXISTS (
    SELECT FROM objects o
     WHERE o.folder_id = %(folder)s AND NOT o.complete AND o.id = f.object_id
       AND f.path_key BETWEEN o.first_key AND o.last_key
       AND EXISTS (SELECT FROM segments s
                    WHERE s.object_id = o.id AND s.status = {segment.failed})));

-- within
-- Rows of `files f` in a range of keys, without some keys.
f.path_key >= %(first)s AND (%(last)s::bytea IS NULL OR f.path_key <= %(last)s)
AND f.path_key <> ALL (%(without)b::bytea[]);

-- count
-- The number of selected files in a range.
SELECT count(*) FROM files f WHERE {matching};

-- page
-- The next selected files of a range, in path order.
SELECT f.path_key, coalesce(f.long_path, f.path_key), f.size, f.kind, f.state, f.object_id
  FROM files f WHERE {matching}
 ORDER BY f.path_key
 LIMIT %(limit)s;

-- fail
-- Leave out files that are not read yet, with a reason. A retry uses what was posted of one; the
-- place of its earlier content is cleared. (Here and below: a row that another transaction is
-- changing is skipped, since two that wait for each other would deadlock; and current rows are
-- found key by key, as in files.sql.)
UPDATE files f
   SET state = {file.failed}, reason = %(reason)s,
       object_id = CASE WHEN f.digest IS NULL OR f.first_version < %(version)s
                        THEN f.object_id END,
       changed_at = CASE WHEN f.first_version < %(version)s THEN clock_timestamp() END
  FROM unnest(%(keys)b::bytea[]) AS u(path_key)
 CROSS JOIN LATERAL (
       SELECT c.folder_id, c.first_version FROM files c
        WHERE c.folder_id = %(folder)s AND c.path_key = u.path_key AND c.last_version IS NULL
          AND c.state = {file.pending}
          FOR UPDATE SKIP LOCKED) AS now
 WHERE f.folder_id = now.folder_id AND f.path_key = u.path_key
   AND f.first_version = now.first_version
RETURNING f.path_key;

-- revive
-- Failed files become pending; those that failed in earlier versions get a new row in this one, and
-- keep the old one there.
WITH failed AS MATERIALIZED (
    SELECT now.* FROM unnest(%(keys)b::bytea[]) AS u(path_key)
     CROSS JOIN LATERAL (
           SELECT c.* FROM files c
            WHERE c.folder_id = %(folder)s AND c.path_key = u.path_key AND c.last_version IS NULL
              AND c.state = {file.failed}
              FOR UPDATE SKIP LOCKED) AS now),
revived AS (
    UPDATE files f SET state = {file.pending}, reason = NULL FROM failed
     WHERE f.folder_id = failed.folder_id AND f.path_key = failed.path_key
       AND f.first_version = failed.first_version AND f.first_version = %(version)s
 RETURNING f.path_key),
ended AS (
    UPDATE files f SET last_version = %(version)s - 1 FROM failed
     WHERE f.folder_id = failed.folder_id AND f.path_key = failed.path_key
       AND f.first_version = failed.first_version AND f.first_version < %(version)s),
begun AS (
    INSERT INTO files (folder_id, path_key, first_version, kind, state, size, mtime_ns, ctime_ns,
                       inode, mode, link, uid, gid, long_path)
    SELECT folder_id, path_key, %(version)s, kind, {file.pending}, coalesce(stat_size, size),
           mtime_ns, ctime_ns, inode, mode, link, uid, gid, long_path
      FROM failed WHERE first_version < %(version)s
 RETURNING path_key)
SELECT path_key FROM revived UNION ALL SELECT path_key FROM begun;

-- plan_again
-- Articles of an object that were given up become unsent; the store's reply stays until they are.
UPDATE segments s SET status = {segment.planned}
  FROM (SELECT segment_index, redundancy FROM segments
         WHERE object_id = %(object)s AND status = {segment.failed}
           FOR UPDATE SKIP LOCKED) AS given_up
 WHERE s.object_id = %(object)s AND s.segment_index = given_up.segment_index
   AND s.redundancy = given_up.redundancy
RETURNING s.segment_index;
