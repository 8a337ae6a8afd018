-- files_page
-- The files of a version that have articles of their own, in a range of keys, in path order.
SELECT coalesce(f.long_path, f.path_key), f.path_key, f.size, f.mtime_ns, o.id, o.segments,
       o.complete, o.realm_id, o.kind
  FROM (SELECT * FROM files
         WHERE folder_id = %(folder)s AND path_key >= %(start)s
           AND (%(until)s::bytea IS NULL OR path_key < %(until)s) AND first_version <= %(version)s
           AND (last_version IS NULL OR last_version >= %(version)s)
           AND kind = {kind.regular} AND size > 0
         ORDER BY path_key
         LIMIT %(limit)s) AS f
  LEFT JOIN objects o ON o.id = f.object_id
 ORDER BY f.path_key;

-- empty_files
-- The number of files without content in a range of keys; `loose`: only those in no subfolder.
SELECT count(*)
  FROM files
 WHERE folder_id = %(folder)s AND path_key >= %(start)s AND kind = {kind.regular} AND size = 0
   AND (%(until)s::bytea IS NULL OR path_key < %(until)s)
   AND first_version <= %(version)s AND (last_version IS NULL OR last_version >= %(version)s)
   AND (NOT %(loose)s OR position('\x2f'::bytea IN path_key) = 0);

-- staging
-- A table for the names of one NZB, to find equal ones; temporary, so it writes no WAL.
CREATE TEMPORARY TABLE IF NOT EXISTS nzb_names (name bytea) ON COMMIT DELETE ROWS;

-- copy_names
-- Binary COPY of digests of names.
COPY nzb_names (name) FROM STDIN (FORMAT BINARY);

-- meeting
-- The names that occur more than once.
SELECT name FROM nzb_names GROUP BY name HAVING count(*) > 1;

-- articles
-- The first copies of an object's articles with their names on the wire, in order.
SELECT s.segment_index, s.message_id, s.wire_size, s.payload_size, s.status, s.posted_at,
       (SELECT a.wire_id FROM aliases a
         WHERE a.message_id = s.message_id AND a.adopted
         ORDER BY a.at DESC LIMIT 1)
  FROM segments s
 WHERE s.object_id = %(object)s AND s.redundancy = 0 AND s.segment_index > %(after)s
   AND s.status <> {segment.stale}
 ORDER BY s.segment_index
 LIMIT %(limit)s;
