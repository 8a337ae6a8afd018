-- allocate
-- A block of object ids: one round trip for many objects.
SELECT nextval('object_ids') FROM generate_series(1, %(count)s);

-- insert
-- New objects; one that a resumed upload goes on with is there already.
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
-- Acknowledged articles; an object with all of them is complete.
UPDATE objects o
   SET posted = o.posted + u.n,
       complete = o.posted + u.n >= o.segments::bigint * o.copies
  FROM unnest(%(ids)b::int8[], %(counts)b::int8[]) AS u(id, n)
 WHERE o.id = u.id
RETURNING o.id, o.folder_id, o.complete, o.files;

-- incomplete_page
-- Objects of a folder with articles still to post, after an id.
SELECT id, realm_id, kind, size, segment_size, segments, copies, first_key, last_key
  FROM objects
 WHERE folder_id = %(folder)s AND NOT complete AND id > %(after)s
 ORDER BY id
 LIMIT %(limit)s;

-- count_incomplete
-- How many objects the current version of a folder still waits for.
SELECT count(*) FROM objects WHERE folder_id = %(folder)s AND NOT complete;

-- delete
-- An object whose bytes cannot be had again and that nothing refers to.
DELETE FROM objects WHERE id = %(object)s;

-- page
-- The objects of a folder after an id: what verify walks.
SELECT id FROM objects WHERE folder_id = %(folder)s AND id > %(after)s ORDER BY id LIMIT %(limit)s;

-- shape
-- How an object is cut: what a resumed upload must match to go on with it.
SELECT segment_size, copies FROM objects WHERE id = %(object)s;
