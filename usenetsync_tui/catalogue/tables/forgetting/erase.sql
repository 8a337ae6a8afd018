-- delete_files
-- Delete the next rows of files that reach no version which stays, those that began and ended in a
-- gap; note their objects as candidates. Returns how many rows went. The index of rows that ended has
-- no other rows in these ranges, so each batch begins where the one before it ended.
WITH dying AS MATERIALIZED (
    SELECT f.ctid AS row
      FROM unnest(%(after)s::int4[], %(before)s::int4[]) AS gap(after, before)
     CROSS JOIN LATERAL generate_series(gap.after + 1, gap.before - 1) AS ended(version)
     CROSS JOIN LATERAL (
           SELECT ctid FROM files
            WHERE folder_id = %(folder)s AND last_version = ended.version
              AND first_version > gap.after
            LIMIT %(limit)s) AS f
     LIMIT %(limit)s),
gone AS (
    DELETE FROM files WHERE ctid = ANY(ARRAY(SELECT row FROM dying)) RETURNING object_id),
candidates AS (
    INSERT INTO forgotten_objects (object_id, folder_id, certain)
    SELECT DISTINCT object_id, %(folder)s::int8, false FROM gone WHERE object_id IS NOT NULL
        ON CONFLICT DO NOTHING)
SELECT count(*) FROM gone;

-- delete_all_files
-- The same of a removed folder: all its rows go.
WITH gone AS (
    DELETE FROM files WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM files WHERE folder_id = %(folder)s LIMIT %(limit)s))
 RETURNING object_id)
SELECT count(*) FROM gone;

-- needless_xattrs
-- Sets of extended attributes that no row of a file has, locked; without those that another one holds.
SELECT x.digest FROM xattrs x
 WHERE NOT EXISTS (SELECT FROM files f WHERE f.xattrs = x.digest)
 LIMIT %(limit)s
   FOR UPDATE OF x SKIP LOCKED;

-- delete_xattrs
-- Delete those of some sets that still no row of a file has.
DELETE FROM xattrs x
 WHERE x.digest = ANY(%(digests)b::bytea[])
   AND NOT EXISTS (SELECT FROM files f WHERE f.xattrs = x.digest);

-- analyze_candidates
-- Their number is new to the planner.
ANALYZE forgotten_objects;

-- spare
-- Candidates that a row of a file still has are none. One pass over the rows, whatever their number:
-- the paths of a pack may lie anywhere in the folder.
DELETE FROM forgotten_objects c
 WHERE c.folder_id = %(folder)s AND NOT c.certain
   AND EXISTS (SELECT FROM files f
                WHERE f.folder_id = %(folder)s AND f.object_id = c.object_id);

-- make_certain
-- The next candidates that no row of a file has, checked by `spare`: their objects go.
WITH next AS MATERIALIZED (
    SELECT object_id FROM forgotten_objects
     WHERE folder_id = %(folder)s AND NOT certain ORDER BY object_id LIMIT %(limit)s),
gone AS (
    DELETE FROM objects o USING next WHERE o.id = next.object_id AND o.folder_id = %(folder)s),
marked AS (
    UPDATE forgotten_objects c SET certain = true FROM next
     WHERE c.object_id = next.object_id
 RETURNING c.object_id)
SELECT count(*) FROM marked;

-- forget_objects
-- The next objects of a removed folder go, pages of its index among them.
WITH gone AS (
    DELETE FROM objects WHERE id IN (
        SELECT id FROM objects WHERE folder_id = %(folder)s LIMIT %(limit)s)
 RETURNING id, kind),
pages AS (
    DELETE FROM index_pages p USING gone WHERE p.object_id = gone.id),
noted AS (
    INSERT INTO forgotten_objects (object_id, folder_id, certain)
    SELECT id, %(folder)s, true FROM gone
        ON CONFLICT (object_id) DO UPDATE SET certain = true)
SELECT count(*) FROM gone;

-- release
-- Of a removed folder even the roots go by which versions are found, and what packs had before.
UPDATE forgotten_objects SET after_object = NULL, root_version = NULL, replaced_at = NULL
 WHERE folder_id = %(folder)s;

-- total
-- The articles of a folder's forgotten objects that are there, and their bytes.
SELECT count(*), coalesce(sum(s.payload_size), 0)::int8
  FROM forgotten_objects c JOIN segments s ON s.object_id = c.object_id
 WHERE c.folder_id = %(folder)s AND c.certain AND c.replaced_at IS NULL
   AND s.status IN {segment.there};

-- next_segments
-- The next rows of segments of forgotten objects, in order.
SELECT s.object_id, s.segment_index
  FROM (SELECT object_id FROM forgotten_objects
         WHERE folder_id = %(folder)s AND certain AND replaced_at IS NULL
           AND (after_object IS NULL
                OR NOT EXISTS (SELECT FROM objects n WHERE n.id = after_object AND NOT n.complete))
           AND (root_version IS NULL
                OR root_version %% %(stride)s <> 0
               AND NOT EXISTS (SELECT FROM snapshots k WHERE k.folder_id = %(folder)s
                                  AND k.version = root_version))
         ORDER BY object_id LIMIT %(limit)s) AS o
 CROSS JOIN LATERAL (
       SELECT object_id, segment_index, redundancy FROM segments
        WHERE object_id = o.object_id
        ORDER BY segment_index, redundancy
        LIMIT %(limit)s) AS s
 ORDER BY s.object_id, s.segment_index, s.redundancy
 LIMIT %(limit)s;

-- delete_segments
-- Delete the rows of segments of some forgotten objects, of the last one up to an index. (The objects
-- are given, so that only their rows are read, by the index of their shards.)
DELETE FROM segments
 WHERE object_id = ANY(%(objects)b::int8[])
   AND (object_id < %(last)s OR segment_index <= %(index)s)
RETURNING message_id, realm_id, payload_size, status IN {segment.there};

-- delete_articles
-- Delete articles that no segment has any more; returns the bytes of each.
WITH deleted AS (
    DELETE FROM articles a
     WHERE a.message_id = ANY(%(message_ids)b::bytea[])
       AND NOT EXISTS (SELECT FROM segments s WHERE s.message_id = a.message_id)
    RETURNING a.message_id, octet_length(a.payload) AS size)
SELECT sum(size)::int8 FROM deleted GROUP BY message_id;

-- unread
-- The bytes of articles that no segment has any more, and that stay in their store.
SELECT coalesce(sum(u.size), 0)::int8
  FROM (SELECT message_id, max(size) AS size
          FROM unnest(%(message_ids)b::bytea[], %(sizes)b::int4[]) AS each(message_id, size)
         GROUP BY message_id) AS u
 WHERE NOT EXISTS (SELECT FROM segments s WHERE s.message_id = u.message_id);

-- delete_aliases
-- Further names of articles that no segment has any more.
DELETE FROM aliases a
 WHERE a.message_id = ANY(%(message_ids)b::bytea[])
   AND NOT EXISTS (SELECT FROM segments s WHERE s.message_id = a.message_id);

-- shards_realms
-- Those of some realms whose articles are in this database.
SELECT id FROM realms WHERE id = ANY(%(realms)b::int8[]) AND store = 'shards';

-- finish_objects
-- Forgotten objects without a segment left are done with: the next ones of those up to `last`. Returns
-- the bytes of the articles that packs got instead of theirs.
WITH gone AS (
    DELETE FROM forgotten_objects c
     WHERE c.folder_id = %(folder)s AND c.certain AND c.object_id <= %(last)s
       AND NOT EXISTS (SELECT FROM segments s WHERE s.object_id = c.object_id)
 RETURNING new_bytes)
SELECT coalesce(sum(new_bytes), 0)::int8 FROM gone;
