-- objects_posted
-- Objects whose count of posted articles is not that of their segments' rows.
SELECT count(*) FROM (
       SELECT FROM objects o
         LEFT JOIN segments s ON s.object_id = o.id AND s.status IN {segment.there}
        GROUP BY o.id, o.posted HAVING o.posted <> count(s.object_id)) AS wrong;

-- objects_complete
-- Objects marked complete that lack articles, or the other way round.
SELECT count(*) FROM objects WHERE complete <> (posted >= segments::bigint * copies);

-- objects_segments
-- Complete objects whose segments do not match their own count or size.
SELECT count(*) FROM (
       SELECT FROM objects o
         LEFT JOIN segments s ON s.object_id = o.id AND s.status <> {segment.stale}
        WHERE o.complete
        GROUP BY o.id
       HAVING count(s.object_id) <> o.segments::bigint * o.copies
           OR coalesce(sum(s.size) FILTER (WHERE s.redundancy = 0), 0) <> o.size) AS wrong;

-- objects_left
-- Incomplete objects that no file uses. An upload adds objects before their files, so folders with
-- a version under construction are left out; those that are being forgotten have no files any more.
SELECT count(*) FROM objects o
 WHERE NOT o.complete AND o.kind <> {object.index}
   AND NOT EXISTS (SELECT FROM snapshots s
                    WHERE s.folder_id = o.folder_id AND s.state = {version.building})
   AND NOT EXISTS (SELECT FROM forgotten_objects g WHERE g.object_id = o.id)
   AND NOT EXISTS (SELECT FROM files f WHERE f.folder_id = o.folder_id AND f.object_id = o.id
                      AND f.path_key BETWEEN o.first_key AND o.last_key);

-- segments_left
-- Segments whose object is gone, except those that are still to be deleted.
SELECT count(*) FROM segments s
 WHERE s.status <> {segment.stale} AND NOT EXISTS (SELECT FROM objects o WHERE o.id = s.object_id)
   AND NOT EXISTS (SELECT FROM forgotten_objects g WHERE g.object_id = s.object_id AND g.certain);

-- files_lost
-- Files whose object is gone.
SELECT count(*) FROM files f
 WHERE f.object_id IS NOT NULL AND NOT EXISTS (SELECT FROM objects o WHERE o.id = f.object_id);

-- files_unplaced
-- Files with content that are marked as read and have no object or no digest.
SELECT count(*) FROM files
 WHERE kind = {kind.regular} AND size > 0 AND state = {file.planned} AND last_version IS NULL
   AND (object_id IS NULL OR digest IS NULL);

-- files_twice
-- Paths that two rows describe in the same version.
SELECT count(*) FROM (
       SELECT first_version,
              lag(coalesce(last_version, 2147483647))
                  OVER (PARTITION BY folder_id, path_key ORDER BY first_version) AS before
         FROM files) AS f
 WHERE f.first_version <= f.before;

-- versions_counts
-- Finished versions whose counts of files, directories, symlinks or bytes differ from their rows.
SELECT count(*) FROM snapshots s
  JOIN LATERAL (
       SELECT count(*) FILTER (WHERE kind = {kind.regular}) AS files,
              count(*) FILTER (WHERE kind = {kind.directory}) AS directories,
              count(*) FILTER (WHERE kind = {kind.symlink}) AS symlinks,
              coalesce(sum(size) FILTER (WHERE kind = {kind.regular}), 0) AS size
         FROM files f WHERE f.folder_id = s.folder_id AND f.first_version <= s.version
          AND (f.last_version IS NULL OR f.last_version >= s.version)) AS n ON true
 WHERE s.state <> {version.building}
   AND (s.files, s.directories, s.symlinks, s.size)
    <> (n.files, n.directories, n.symlinks, n.size);

-- versions_whole
-- Versions marked complete that hold an incomplete file.
SELECT count(*) FROM snapshots s
 WHERE s.state = {version.complete} AND EXISTS (
       SELECT FROM files f LEFT JOIN objects o ON o.id = f.object_id
        WHERE f.folder_id = s.folder_id AND f.first_version <= s.version
          AND (f.last_version IS NULL OR f.last_version >= s.version)
          AND (f.state <> {file.planned} OR (f.object_id IS NOT NULL AND o.complete IS NOT TRUE)));

-- names_of_segments
-- Segments of equal content, in folders that share articles, with more than one Message-ID.
SELECT count(*) FROM (
       SELECT FROM segments s JOIN realms r ON r.id = s.realm_id
        WHERE s.status <> {segment.stale} AND r.profile <> 'plain' AND NOT r.is_index
        GROUP BY s.realm_id, s.hash, s.redundancy
       HAVING count(DISTINCT s.message_id) > 1) AS wrong;

-- contents_of_names
-- Message-IDs of two contents, or marked both as posted and as not posted.
SELECT count(*) FROM (
       SELECT FROM segments WHERE status <> {segment.stale}
        GROUP BY message_id
       HAVING count(DISTINCT (hash, codec, payload_size)) > 1
           OR count(DISTINCT status IN {segment.there}) > 1) AS wrong;

-- shards_missing
-- Articles marked as posted into the database that are not in it.
SELECT count(*) FROM segments s JOIN realms r ON r.id = s.realm_id
 WHERE r.store = 'shards' AND s.status IN {segment.there}
   AND NOT EXISTS (SELECT FROM articles a WHERE a.message_id = s.message_id AND a.piece = 0);

-- shards_left
-- Articles in the database that no segment refers to.
SELECT count(*) FROM articles a
 WHERE a.piece = 0 AND NOT EXISTS (SELECT FROM segments s WHERE s.message_id = a.message_id);
