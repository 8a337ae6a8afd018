-- is_empty
-- Whether no object has a number that an adopted folder may need.
SELECT NOT EXISTS (SELECT FROM objects);

-- add_realm
-- A realm of an adopted folder, as it was.
INSERT INTO realms (store, profile, domain, newsgroups, sender, owner, wrapped_key, dress, digest,
                    obfuscated)
VALUES (%(store)s, %(profile)s, %(domain)s, %(newsgroups)s, %(sender)s, %(owner)s, %(wrapped_key)s,
        %(header_style)s, %(digest)s, %(obfuscated)s)
RETURNING id;

-- add_folder
-- An adopted folder.
INSERT INTO folders (path, name, realm_id, priority, compression, copies, own_files, ignore_inode,
                     unstable_inodes)
VALUES (%(path)s, %(name)s, %(realm)s, %(priority)s, %(compression)s, %(copies)s, %(own_files)s,
        %(ignore_inode)s, %(unstable_inodes)s)
RETURNING id;

-- add_place
-- The number by which runs refer to a realm.
INSERT INTO index_realms (folder_id, place, realm_id) VALUES (%(folder)s, %(place)s, %(realm)s);

-- add_version
-- A finished version, with its index.
INSERT INTO snapshots (folder_id, version, state, started_at, finished_at, files, directories,
                       symlinks, size, added, modified, removed, stored_size, errors, indexed)
VALUES (%(folder)s, %(version)s, %(state)s, to_timestamp(%(started_us)s / 1e6),
        to_timestamp(%(finished_us)s / 1e6), %(files)s, %(directories)s, %(symlinks)s, %(size)s,
        %(added)s, %(modified)s, %(removed)s, %(stored_size)s, %(errors)s, true);

-- staging
-- The rows of a page; temporary, so no WAL is written for them.
CREATE TEMPORARY TABLE IF NOT EXISTS adopted_files (
    path_key bytea, kind int2, mode int4, uid int8, gid int8, size int8, stat_size int8,
    mtime_ns int8, ctime_ns int8, inode int8, link bytea, state int2, object_id int8,
    object_offset int8, digest bytea, digest_kind int2, reason text, racy bool, long_path bytea,
    removed bool)
ON COMMIT DROP;
CREATE TEMPORARY TABLE IF NOT EXISTS adopted_segments (
    object_id int8, kind int2, object_size int8, segment_size int4, realm_id int8,
    segment_index int4, redundancy int2, size int4, payload_size int4, hash bytea, codec int2,
    message_id bytea)
ON COMMIT DROP;

-- copy_files
-- Binary COPY of the entries of a page.
COPY adopted_files FROM STDIN (FORMAT BINARY);

-- copy_segments
-- Binary COPY of the articles of a page.
COPY adopted_segments FROM STDIN (FORMAT BINARY);

-- end_earlier
-- What a later version says of a path ends what an earlier one said.
UPDATE files f SET last_version = %(version)s - 1
  FROM adopted_files a
 WHERE f.folder_id = %(folder)s AND f.path_key = a.path_key AND f.last_version IS NULL;

-- add_files
-- The entries of a page.
INSERT INTO files (folder_id, path_key, first_version, kind, mode, uid, gid, size, stat_size,
                   mtime_ns, ctime_ns, inode, link, state, object_id, object_offset, digest,
                   digest_kind, reason, racy, long_path)
SELECT %(folder)s, path_key, %(version)s, kind, mode, uid, gid, size, stat_size, mtime_ns, ctime_ns,
       inode, link, state, object_id, object_offset, digest, digest_kind, reason, racy, long_path
  FROM adopted_files WHERE NOT removed;

-- add_objects
-- The objects of a page. Runs come newest first, so one that is there is newer.
INSERT INTO objects (id, folder_id, realm_id, kind, size, segment_size, segments, copies, files,
                     first_key, last_key)
SELECT DISTINCT ON (object_id) object_id, %(folder)s, realm_id, kind, object_size, segment_size,
       (object_size + segment_size - 1) / segment_size, %(copies)s, 0, ''::bytea, ''::bytea
  FROM adopted_segments
    ON CONFLICT (id) DO NOTHING;

-- add_segments
-- The articles of a page.
INSERT INTO segments (object_id, segment_index, redundancy, realm_id, size, payload_size, hash,
                      codec, message_id, status, posted_at)
SELECT object_id, segment_index, redundancy, realm_id, size, payload_size, hash, codec, message_id,
       {segment.posted}, now()
  FROM adopted_segments
    ON CONFLICT (object_id, segment_index, redundancy) DO NOTHING;

-- forget_page
-- Make room for the next page.
TRUNCATE adopted_files, adopted_segments;

-- sum_up
-- What the files and articles of the objects sum up to.
UPDATE objects o
   SET files = coalesce(f.files, 0), first_key = coalesce(f.first_key, ''::bytea),
       last_key = coalesce(f.last_key, ''::bytea), posted = s.posted,
       complete = s.posted >= o.segments::bigint * o.copies
  FROM (SELECT object_id, count(*) AS posted FROM segments GROUP BY object_id) AS s
  LEFT JOIN (SELECT object_id, count(DISTINCT path_key)::int AS files, min(path_key) AS first_key,
                    max(path_key) AS last_key
               FROM files WHERE folder_id = %(folder)s AND object_id IS NOT NULL
              GROUP BY object_id) AS f ON f.object_id = s.object_id
 WHERE o.id = s.object_id AND o.folder_id = %(folder)s;

-- continue_numbers
-- New objects get numbers above those of the index.
SELECT setval('object_ids', greatest(%(next)s, (SELECT last_value FROM object_ids)));

-- without_digest
-- The next objects of large files whose digest is to be made of those of their segments.
SELECT DISTINCT f.object_id, f.size, o.segment_size, f.digest_kind
  FROM files f JOIN objects o ON o.id = f.object_id
 WHERE f.folder_id = %(folder)s AND f.digest IS NULL AND f.digest_kind IN (2, 3)
   AND f.object_id > %(after)s
 ORDER BY f.object_id
 LIMIT %(limit)s;

-- digests
-- The digests of the segments of an object, in order, after one of them.
SELECT DISTINCT ON (segment_index) segment_index, hash FROM segments
 WHERE object_id = %(object)s AND segment_index > %(after)s
 ORDER BY segment_index, redundancy
 LIMIT %(limit)s;

-- set_digest
-- The digest of the files that are an object of their own.
UPDATE files SET digest = %(digest)s
 WHERE folder_id = %(folder)s AND object_id = %(object)s AND digest IS NULL;
