-- count_version
-- The counts of a version's contents.
SELECT count(*) FILTER (WHERE kind = {kind.regular}),
       count(*) FILTER (WHERE kind = {kind.directory}),
       count(*) FILTER (WHERE kind = {kind.symlink}),
       coalesce(sum(size) FILTER (WHERE kind = {kind.regular}), 0)::bigint,
       count(*) FILTER (WHERE state = {file.failed})
  FROM files
 WHERE folder_id = %(folder)s AND first_version <= %(version)s
   AND (last_version IS NULL OR last_version >= %(version)s);

-- version_page
-- The rows of a version from a key on, with the progress of their objects.
SELECT {version_row.columns}
  FROM (SELECT *, coalesce(sum(coalesce(octet_length(long_path), 0)) OVER (
           ORDER BY path_key ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
          FROM (SELECT * FROM files
                 WHERE folder_id = %(folder)s AND path_key >= %(start)s
                   AND first_version <= %(version)s
                   AND (%(until)s::bytea IS NULL OR path_key < %(until)s)
                   AND (last_version IS NULL OR last_version >= %(version)s)
                 ORDER BY path_key
                 LIMIT %(limit)s) AS page) AS f
  LEFT JOIN objects o ON o.id = f.object_id
 WHERE f.before < 1048576
 ORDER BY f.path_key;

-- version_keys
-- The keys of a version from one on.
SELECT path_key FROM files
 WHERE folder_id = %(folder)s AND path_key >= %(start)s
   AND (%(until)s::bytea IS NULL OR path_key < %(until)s)
   AND first_version <= %(version)s AND (last_version IS NULL OR last_version >= %(version)s)
 ORDER BY path_key
 LIMIT %(limit)s;

-- version_sizes
-- Key, path, kind and size of the rows of a version from a key on.
SELECT path_key, coalesce(long_path, path_key), kind, size FROM files
 WHERE folder_id = %(folder)s AND path_key >= %(start)s
   AND (%(until)s::bytea IS NULL OR path_key < %(until)s)
   AND first_version <= %(version)s AND (last_version IS NULL OR last_version >= %(version)s)
 ORDER BY path_key
 LIMIT %(limit)s;

-- version_directories
-- Directories of a version in a range of keys, last first: children before their parents.
SELECT coalesce(long_path, path_key), mode, mtime_ns, uid, gid, path_key,
       CASE WHEN xattrs IS NOT NULL
            THEN (SELECT x.value FROM xattrs x WHERE x.digest = f.xattrs) END
  FROM (SELECT *, coalesce(sum(coalesce(octet_length(long_path), 0)) OVER (
           ORDER BY path_key DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
          FROM (SELECT * FROM files
                 WHERE folder_id = %(folder)s AND path_key >= %(start)s AND kind = {kind.directory}
                   AND (%(until)s::bytea IS NULL OR path_key < %(until)s)
                   AND first_version <= %(version)s
                   AND (last_version IS NULL OR last_version >= %(version)s)
                 ORDER BY path_key DESC
                 LIMIT %(limit)s) AS page) AS f
 WHERE before < 1048576
 ORDER BY path_key DESC;

-- linked_page
-- Files of a version that have several names, in the order of their sets, after a set and a key.
SELECT {version_row.columns}
  FROM (SELECT * FROM files
         WHERE folder_id = %(folder)s AND link_set IS NOT NULL
           AND (link_set, path_key) > (%(after)s, %(key)s)
           AND first_version <= %(version)s
           AND (last_version IS NULL OR last_version >= %(version)s)
         ORDER BY link_set, path_key
         LIMIT %(limit)s) AS f
  LEFT JOIN objects o ON o.id = f.object_id
 ORDER BY f.link_set, f.path_key;

-- has_text
-- Whether a name contains some ASCII text, in any version and any case: five million paths a
-- second. (Only the last 1,024 bytes of a path, which hold its name: its parents have rows of their
-- own, and searching all of a long path would cost ten times as much as reading it.)
SELECT EXISTS (
       SELECT FROM files
        WHERE folder_id = %(folder)s
          AND lower(encode(substr(coalesce(long_path, path_key), greatest(1,
                    octet_length(coalesce(long_path, path_key)) - 1023)), 'escape') COLLATE "C")
              LIKE %(pattern)s::text);

-- version_totals
-- Regular files and their bytes in a range of keys of a version.
SELECT count(*), coalesce(sum(size), 0)::bigint
  FROM files
 WHERE folder_id = %(folder)s AND path_key >= %(start)s AND kind = {kind.regular}
   AND (%(until)s::bytea IS NULL OR path_key < %(until)s)
   AND first_version <= %(version)s AND (last_version IS NULL OR last_version >= %(version)s);

-- diff_counts
-- The numbers that a version added, modified and removed: its own rows against those that ended
-- before it.
SELECT count(*) FILTER (WHERE old.path_key IS NULL),
       count(*) FILTER (WHERE new.path_key IS NOT NULL AND old.path_key IS NOT NULL),
       count(*) FILTER (WHERE new.path_key IS NULL)
  FROM (SELECT path_key FROM files
         WHERE folder_id = %(folder)s AND first_version = %(version)s
           AND kind <> {kind.directory}) AS new
  FULL JOIN (SELECT path_key FROM files
         WHERE folder_id = %(folder)s AND last_version = %(version)s - 1
           AND kind <> {kind.directory}) AS old
    ON new.path_key = old.path_key;

-- has_changes
-- Whether a version differs from the one before it.
SELECT EXISTS (SELECT FROM files WHERE folder_id = %(folder)s AND first_version = %(version)s)
    OR EXISTS (SELECT FROM files WHERE folder_id = %(folder)s AND last_version = %(version)s - 1);
