-- allocate
-- A block of object ids: one round trip for many objects.
SELECT nextval('object_ids') FROM generate_series(1, %(count)s);

-- insert
-- New objects; one that a resumed upload continues exists already.
INSERT INTO objects (id, folder_id, realm_id, kind, size, segment_size, segments, copies, files,
                     first_key, last_key)
SELECT u.id, %(folder)s, %(realm)s, u.kind, u.size, u.segment_size, u.segments, %(copies)s, u.files,
       u.first_key, u.last_key
  FROM unnest(%(ids)b::int8[], %(kinds)b::int2[], %(sizes)b::int8[], %(segment_sizes)b::int4[],
              %(segments)b::int4[], %(files)b::int4[], %(first_keys)b::bytea[],
              %(last_keys)b::bytea[])
       AS u(id, kind, size, segment_size, segments, files, first_key, last_key)
    ON CONFLICT (id) DO NOTHING;

-- add_posted
-- Count acknowledged articles; an object with all of them is complete.
UPDATE objects o
   SET posted = o.posted + u.n,
       complete = o.posted + u.n >= o.segments::bigint * o.copies
  FROM unnest(%(ids)b::int8[], %(counts)b::int8[]) AS u(id, n)
 WHERE o.id = u.id
RETURNING o.id, o.folder_id, o.complete, o.files;

-- incomplete_page
-- Objects of a folder that lack articles, after an id.
SELECT id, realm_id, kind, size, segment_size, segments, copies, files, first_key, last_key
  FROM objects
 WHERE folder_id = %(folder)s AND NOT complete AND id > %(after)s
 ORDER BY id
 LIMIT %(limit)s;

-- waiting_files
-- The number of files read to their end whose articles an earlier run did not post.
SELECT coalesce(sum(o.files), 0)::bigint
  FROM objects o
 WHERE o.folder_id = %(folder)s AND o.realm_id = %(realm)s AND NOT o.complete
   AND EXISTS (SELECT FROM segments s
                WHERE s.object_id = o.id AND s.status NOT IN {segment.not_sendable})
   AND o.kind <> {object.index} AND (o.kind = {object.pack} OR EXISTS (
       SELECT FROM files f
        WHERE f.folder_id = o.folder_id AND f.path_key = o.first_key AND f.object_id = o.id
          AND f.state = {file.planned}));

-- planned_bytes
-- Bytes of the slices that are planned of large files which an earlier run did not read to the end.
SELECT coalesce(sum(s.size), 0)::bigint
  FROM files f
  JOIN segments s ON s.object_id = f.object_id AND s.redundancy = 0 AND s.status <> {segment.stale}
 WHERE f.folder_id = %(folder)s AND f.state = {file.pending} AND f.object_id IS NOT NULL
   AND f.digest IS NULL AND f.last_version IS NULL;

-- delete
-- An object that nothing refers to.
DELETE FROM objects WHERE id = %(object)s;

-- delete_unused
-- Delete an object, unless a file of any version uses it.
DELETE FROM objects o
 WHERE o.id = %(object)s AND NOT EXISTS (
       SELECT FROM files f
        WHERE f.folder_id = o.folder_id AND f.object_id = o.id
          AND f.path_key BETWEEN o.first_key AND o.last_key)
RETURNING o.complete;

-- delete_left_behind
-- Delete incomplete objects of a folder that no file of any version uses, pages of the index apart.
DELETE FROM objects o
 WHERE o.folder_id = %(folder)s AND NOT o.complete AND o.kind <> {object.index} AND NOT EXISTS (
       SELECT FROM files f
        WHERE f.folder_id = o.folder_id AND f.object_id = o.id
          AND f.path_key BETWEEN o.first_key AND o.last_key);

-- complete
-- Those of some objects that have all their articles.
SELECT id FROM objects WHERE id = ANY (%(objects)b::int8[]) AND complete;

-- shape
-- The sizes of a file's object, which a resumed upload must match to continue it. Not of one with
-- stale segments: those have other content.
SELECT size, segment_size, copies FROM objects o
 WHERE id = %(object)s AND kind = {object.file}
   AND NOT EXISTS (SELECT FROM segments s WHERE s.object_id = o.id AND s.status = {segment.stale});
