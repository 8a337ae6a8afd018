-- reserve_lock
-- Nobody else takes numbers of objects until the transaction ends.
ALTER SEQUENCE object_ids INCREMENT BY 1;

-- reserve
-- Take all numbers of objects up to `next` above those in use; returns the last number in use.
WITH before AS (SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS last FROM object_ids)
SELECT last, setval('object_ids', greatest(last + %(next)s, 1), last + %(next)s > 0) FROM before;

-- adopted_here
-- The folder that has an article with one of these Message-IDs.
SELECT f.name, f.path FROM segments s JOIN objects o ON o.id = s.object_id
  JOIN folders f ON f.id = o.folder_id
 WHERE s.message_id = ANY(%(names)b::bytea[]) LIMIT 1;

-- names
-- Names in use.
SELECT name FROM folders;

-- realm_of_domain
-- A realm that is not sealed, as another adopted folder brought it.
SELECT id FROM realms
 WHERE domain = %(domain)s AND store = %(store)s AND profile = %(profile)s AND owner IS NULL;

-- add_realm
-- A realm of an adopted folder, as it was. A sealed one whose place another one has taken counts as
-- renewed: nothing is posted there any more.
INSERT INTO realms (store, profile, domain, newsgroups, sender, owner, wrapped_key, dress, digest,
                    obfuscated, adopted, renewed)
VALUES (%(store)s, %(profile)s, %(domain)s, %(newsgroups)s, %(sender)s, %(owner)s, %(wrapped_key)s,
        %(header_style)s, %(digest)s, %(obfuscated)s, %(owner)s::bytea IS NULL, %(renewed)s)
RETURNING id;

-- add_folder
-- An adopted folder.
INSERT INTO folders (path, name, realm_id, priority, compression, copies, own_files, ignore_inode,
                     unstable_inodes, object_offset, adopted_version)
VALUES (%(path)s, %(name)s, %(realm)s, %(priority)s, %(compression)s, %(copies)s, %(own_files)s,
        %(ignore_inode)s, %(unstable_inodes)s, %(offset)s, %(version)s)
RETURNING id;

-- add_headers
-- The secret by which an adopted folder's articles have random headers.
WITH made AS (
    INSERT INTO headers (folder_id, veil, chosen) VALUES (%(folder)s, %(veil)s, true)
    RETURNING id)
UPDATE folders SET headers_id = made.id FROM made WHERE folders.id = %(folder)s;

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
-- The rows of a run, and one row for each part of an object; temporary, so no WAL is written for
-- them.
CREATE TEMPORARY TABLE adopted_files (LIKE files) ON COMMIT DROP;
CREATE TEMPORARY TABLE adopted_removed (path_key bytea) ON COMMIT DROP;
CREATE TEMPORARY TABLE adopted_objects (
    object_id int8, realm_id int8, kind int2, size int8, segment_size int4, posted int8,
    copies int2, digest bytea) ON COMMIT DROP;
CREATE INDEX ON adopted_objects (object_id);

-- copy_files
-- Binary COPY of entries of the first run.
COPY files (folder_id, first_version, kind, state, mode, uid, gid, digest_kind, size, mtime_ns,
            ctime_ns, inode, object_id, object_offset, digest, path_key, stat_size, reason, racy,
            link, long_path, xattrs, link_set, extents)
FROM STDIN (FORMAT BINARY);

-- stage_files
-- The same, to change them before they are added.
COPY adopted_files (folder_id, first_version, kind, state, mode, uid, gid, digest_kind, size,
                    mtime_ns, ctime_ns, inode, object_id, object_offset, digest, path_key,
                    stat_size, reason, racy, link, long_path, xattrs, link_set, extents)
FROM STDIN (FORMAT BINARY);

-- stage_removed
-- Binary COPY of the paths that a later run removes.
COPY adopted_removed FROM STDIN (FORMAT BINARY);

-- copy_segments
-- Binary COPY of articles.
COPY segments (object_id, segment_index, redundancy, realm_id, size, payload_size, codec, status,
               hash, message_id, posted_at)
FROM STDIN (FORMAT BINARY);

-- copy_objects
-- Binary COPY of parts of objects.
COPY adopted_objects FROM STDIN (FORMAT BINARY);

-- replace_segments
-- An older run described these objects, too; the newer one counts.
DELETE FROM segments WHERE object_id = ANY(%(objects)b::int8[]);

-- replace_objects
-- The same of the parts.
DELETE FROM adopted_objects WHERE object_id = ANY(%(objects)b::int8[]);

-- add_aliases
-- Further names of articles.
INSERT INTO aliases (message_id, wire_id, adopted)
SELECT * FROM unnest(%(names)b::bytea[], %(wire_ids)s::text[], %(adopted)b::bool[])
    ON CONFLICT DO NOTHING;

-- keep_same
-- What a later run repeats of the version before it: the row stays, with the identity that the run
-- has, and with its place if the same content was posted again.
WITH same AS (
    DELETE FROM adopted_files a USING files f
     WHERE f.folder_id = %(folder)s AND f.path_key = a.path_key AND f.last_version IS NULL
       AND (f.kind, f.state, f.mode, f.size, f.mtime_ns)
           = (a.kind, a.state, a.mode, a.size, a.mtime_ns)
       AND (f.uid, f.gid, f.stat_size, f.link, f.reason, f.xattrs, f.link_set, f.extents)
           IS NOT DISTINCT FROM
           (a.uid, a.gid, a.stat_size, a.link, a.reason, a.xattrs, a.link_set, a.extents)
       AND ((f.object_id, f.object_offset) IS NOT DISTINCT FROM (a.object_id, a.object_offset)
            OR (f.digest = a.digest AND f.digest_kind IS NOT DISTINCT FROM a.digest_kind))
 RETURNING a.path_key, f.first_version, a.ctime_ns, a.inode, a.racy, a.object_id, a.object_offset),
kept AS (
    INSERT INTO adopted_kept SELECT path_key FROM same)
UPDATE files f SET ctime_ns = same.ctime_ns, inode = same.inode, racy = same.racy,
       object_id = same.object_id, object_offset = same.object_offset
  FROM same
 WHERE f.folder_id = %(folder)s AND f.path_key = same.path_key
   AND f.first_version = same.first_version
   AND (f.ctime_ns, f.inode, f.racy, f.object_id, f.object_offset)
       IS DISTINCT FROM
       (same.ctime_ns, same.inode, same.racy, same.object_id, same.object_offset);

-- begin_later
-- The keys of what a later run repeats.
CREATE TEMPORARY TABLE adopted_kept (path_key bytea) ON COMMIT DROP;

-- end_absent
-- What a later base does not have ended before it.
UPDATE files f SET last_version = %(version)s - 1
 WHERE f.folder_id = %(folder)s AND f.last_version IS NULL
   AND NOT EXISTS (SELECT FROM adopted_kept k WHERE k.path_key = f.path_key);

-- end_later
-- The keys are not needed any more.
DROP TABLE adopted_kept;

-- forget_amended
-- What a further run says of a path of its own version replaces what the version said.
DELETE FROM files f USING adopted_files a
 WHERE f.folder_id = %(folder)s AND f.path_key = a.path_key AND f.first_version = %(version)s;

-- end_earlier
-- What a later version says of a path ends what an earlier one said.
UPDATE files f SET last_version = %(version)s - 1
  FROM (SELECT path_key FROM adopted_files UNION ALL SELECT path_key FROM adopted_removed) AS a
 WHERE f.folder_id = %(folder)s AND f.path_key = a.path_key AND f.last_version IS NULL;

-- add_files
-- The staged entries. Those of large files get the digests that are made of those of the segments of
-- their objects.
INSERT INTO files (folder_id, first_version, kind, state, mode, uid, gid, digest_kind, size,
                   mtime_ns, ctime_ns, inode, object_id, object_offset, digest, path_key, stat_size,
                   reason, racy, link, long_path, xattrs, link_set, extents)
SELECT folder_id, first_version, kind, state, mode, uid, gid, digest_kind, size, mtime_ns, ctime_ns,
       inode, object_id, object_offset,
       CASE WHEN a.digest IS NULL AND digest_kind >= 2
            THEN (SELECT o.digest FROM adopted_objects o
                   WHERE o.object_id = a.object_id AND o.digest IS NOT NULL LIMIT 1)
            ELSE a.digest END,
       path_key, stat_size, reason, racy, link, long_path, xattrs, link_set, extents
  FROM adopted_files a;

-- forget_staged
-- Make room for the next run.
TRUNCATE adopted_files, adopted_removed;

-- analyze
-- So many new rows at once: plans must know of them.
ANALYZE adopted_files, adopted_removed;

-- analyze_loaded
-- The same for what is loaded: its plans would be those for empty tables.
ANALYZE adopted_objects, files;

-- forget_between
-- What only forgotten versions had, and the runs of kept ones tell all the same.
DELETE FROM files f
 WHERE f.folder_id = %(folder)s AND f.last_version IS NOT NULL
   AND NOT EXISTS (SELECT FROM snapshots s
                    WHERE s.folder_id = f.folder_id AND s.version >= f.first_version
                      AND s.version <= f.last_version);

-- use_objects
-- What the files say of each object: how many use it, from which path to which, and up to which byte.
CREATE TEMPORARY TABLE adopted_uses ON COMMIT DROP AS
SELECT object_id, count(*)::int AS files, min(path_key) AS first_key, max(path_key) AS last_key,
       max(object_offset + size) AS ending
  FROM files WHERE folder_id = %(folder)s AND object_id IS NOT NULL GROUP BY object_id;

-- analyze_uses
-- So many new rows at once: plans must know of them.
ANALYZE adopted_uses, objects;

-- add_objects
-- The objects that files use, with what these and their articles sum up to. One that is here already
-- has got new names of its articles, or more files.
INSERT INTO objects (id, folder_id, realm_id, kind, size, segment_size, segments, copies, files,
                     first_key, last_key, posted, complete)
SELECT o.object_id, %(folder)s, o.realm_id, o.kind, o.size, o.segment_size, o.segments, o.copies,
       u.files, u.first_key, u.last_key,
       o.posted, o.posted >= o.segments::bigint * o.copies
  FROM (SELECT object_id, realm_id, kind, size, segment_size,
               ((size + segment_size - 1) / segment_size)::int4 AS segments, max(copies) AS copies,
               sum(posted)::bigint AS posted
          FROM adopted_objects GROUP BY object_id, realm_id, kind, size, segment_size) AS o
  JOIN adopted_uses u USING (object_id)
    ON CONFLICT (id) DO UPDATE
   SET copies = excluded.copies, posted = excluded.posted, complete = excluded.complete,
       files = excluded.files, first_key = excluded.first_key, last_key = excluded.last_key;

-- drop_unused
-- Articles of objects whose content was posted again, as others: no file uses them any more.
DELETE FROM segments s USING adopted_objects a
 WHERE s.object_id = a.object_id
   AND NOT EXISTS (SELECT FROM objects o WHERE o.id = a.object_id);

-- misplaced
-- A file whose content lies outside of the objects that the index describes.
SELECT coalesce(f.long_path, f.path_key)
  FROM (SELECT u.object_id, u.first_key, u.last_key, coalesce(o.size, -1) AS size
          FROM adopted_uses u
          LEFT JOIN objects o ON o.id = u.object_id AND o.folder_id = %(folder)s
         WHERE o.id IS NULL OR u.ending > o.size
         LIMIT 1) AS u
  JOIN files f ON f.folder_id = %(folder)s AND f.object_id = u.object_id
   AND f.path_key BETWEEN u.first_key AND u.last_key AND f.object_offset + f.size > u.size
 LIMIT 1;

-- lose_misplaced
-- The same files, if a part of the list of objects is lost: they cannot be restored.
UPDATE files f SET state = {file.failed}, object_id = NULL, object_offset = NULL, reason = %(reason)s
 WHERE f.folder_id = %(folder)s AND f.object_id IS NOT NULL AND NOT EXISTS (
       SELECT FROM objects o
        WHERE o.id = f.object_id AND o.folder_id = f.folder_id
          AND f.object_offset + f.size <= o.size);

-- forget_paths
-- What older runs say of paths that a lost page may say otherwise.
DELETE FROM files
 WHERE folder_id = %(folder)s AND coalesce(long_path, path_key) >= %(first)s
   AND (%(end)s::bytea IS NULL OR coalesce(long_path, path_key) < %(end)s);

-- add_lost
-- A file that stands for the paths of a lost page.
INSERT INTO files (folder_id, path_key, long_path, first_version, kind, state, mode, size, mtime_ns,
                   ctime_ns, inode, reason)
VALUES (%(folder)s, %(key)s, %(long_path)s, %(version)s, {kind.regular}, {file.failed}, 0, 0, 0, 0,
        0, %(reason)s)
    ON CONFLICT DO NOTHING;

-- count_sealed
-- How much the keys have sealed; twice what is known, for what was posted again or is not in the
-- index.
UPDATE realms r SET sealed = greatest(r.sealed, 2 * made.units)
  FROM (SELECT s.realm_id, sum(1 + (s.payload_size - 1) / 1048576)::bigint AS units
          FROM adopted_objects a JOIN segments s ON s.object_id = a.object_id
         GROUP BY s.realm_id) AS made
 WHERE made.realm_id = r.id AND r.owner IS NOT NULL;

-- needed
-- The objects of some files, ascending.
SELECT DISTINCT object_id FROM files
 WHERE folder_id = %(folder)s AND object_id IS NOT NULL ORDER BY object_id;

-- without_digest
-- The next objects of large files whose digest is to be made of those of their segments.
SELECT DISTINCT f.object_id, f.size, o.segment_size, f.digest_kind
  FROM files f JOIN objects o ON o.id = f.object_id
 WHERE f.folder_id = %(folder)s AND f.digest IS NULL AND f.digest_kind >= 2
   AND f.object_id > %(after)s
 ORDER BY f.object_id
 LIMIT %(limit)s;

-- set_digests
-- The digests of large files, made of those of the segments of their objects.
UPDATE files f SET digest = a.digest
  FROM adopted_objects a
 WHERE f.folder_id = %(folder)s AND f.object_id = a.object_id AND a.digest IS NOT NULL
   AND f.digest IS NULL AND f.digest_kind >= 2;

-- digests
-- The digests of the segments of an object, in order, after one of them.
SELECT segment_index, hash FROM segments
 WHERE object_id = %(object)s AND segment_index > %(after)s AND redundancy = 0
 ORDER BY segment_index
 LIMIT %(limit)s;

-- set_digest
-- The digest of the files that are an object of their own.
UPDATE files f SET digest = %(digest)s
  FROM objects o
 WHERE o.id = %(object)s AND f.folder_id = %(folder)s AND f.object_id = o.id
   AND f.path_key BETWEEN o.first_key AND o.last_key AND f.digest IS NULL;

-- folder_at
-- The folder at a path.
SELECT name, path FROM folders WHERE path = %(path)s;
