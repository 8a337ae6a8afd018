-- are_chosen
-- Whether the packs to write again are chosen for all versions that are being forgotten.
SELECT NOT EXISTS (SELECT FROM forgotten_versions
                    WHERE folder_id = %(folder)s AND NOT erased AND NOT packs_chosen);

-- chosen
-- They are: a job that continues does not choose more.
UPDATE forgotten_versions SET packs_chosen = true
 WHERE folder_id = %(folder)s AND NOT erased AND NOT packs_chosen;

-- forget_plan
-- The packs of a folder that an interrupted job was to write again.
DELETE FROM worn_packs WHERE folder_id = %(folder)s;

-- choose
-- Choose the packs to write again: those of whose bytes no row of a file has one part in `parts` or
-- more. Not a pack of which another object shares the article, since that stays anyway; nor one that a
-- version between a base and its last needs, if their index has no names left to tell it.
WITH live AS (
    SELECT object_id, sum(size)::int8 AS bytes
      FROM (SELECT DISTINCT object_id, coalesce(object_offset, 0), size FROM files
             WHERE folder_id = %(folder)s AND object_id IS NOT NULL AND size > 0) AS places
     GROUP BY object_id)
INSERT INTO worn_packs (object_id, folder_id, live)
SELECT o.id, o.folder_id, l.bytes
  FROM live l JOIN objects o ON o.id = l.object_id JOIN realms r ON r.id = o.realm_id
 WHERE o.folder_id = %(folder)s AND o.kind = {object.pack} AND o.complete AND o.segments = 1
   AND o.size - l.bytes > coalesce(o.left_out, 0)
   AND (o.size - l.bytes - coalesce(o.left_out, 0)) * %(parts)s >= o.size - coalesce(o.left_out, 0)
   AND r.store = 'shards' AND r.profile <> 'plain' AND NOT r.renewed
   AND NOT EXISTS (
       SELECT FROM files f
         JOIN unnest(%(bases)s::int4[], %(lasts)s::int4[]) AS closed(base, last)
           ON f.first_version <= closed.last
          AND (f.last_version IS NULL OR f.last_version >= closed.base)
        WHERE f.folder_id = %(folder)s AND f.object_id = o.id
          AND f.path_key BETWEEN o.first_key AND o.last_key)
   AND NOT EXISTS (
       SELECT FROM segments s JOIN segments t ON t.message_id = s.message_id
        WHERE s.object_id = o.id AND t.object_id <> o.id
          AND NOT EXISTS (SELECT FROM forgotten_objects g
                           WHERE g.object_id = t.object_id AND g.certain));

-- next
-- The next packs to write again, after one.
SELECT o.id, w.live, o.realm_id, o.size, o.segment_size, o.segments, o.copies, o.files, o.first_key,
       o.last_key
  FROM worn_packs w JOIN objects o ON o.id = w.object_id
 WHERE w.folder_id = %(folder)s
 ORDER BY w.object_id
 LIMIT %(limit)s;

-- places
-- Where the bytes of files of any version lie in some packs: pack, offset, size, and their digest.
SELECT DISTINCT object_id, coalesce(object_offset, 0), size, digest, digest_kind
  FROM files
 WHERE folder_id = %(folder)s AND object_id = ANY(%(packs)b::int8[]) AND size > 0
   AND path_key BETWEEN %(first)s AND %(last)s;

-- done
-- These packs need no more work in this job.
DELETE FROM worn_packs WHERE object_id = ANY(%(packs)b::int8[]);

-- leave_out
-- Bytes of packs that are zeros.
UPDATE objects o SET left_out = u.left_out
  FROM unnest(%(packs)b::int8[], %(left_out)b::int8[]) AS u(id, left_out)
 WHERE o.id = u.id;

-- begin
-- New articles of packs get rows of their own first. If the job is killed before the packs have them,
-- they are deleted like any others that nothing needs.
INSERT INTO forgotten_objects (object_id, folder_id, certain)
SELECT u.id, %(folder)s, true FROM unnest(%(made)b::int8[]) AS u(id);

-- exchange
-- Some packs get the new articles, and the rows that these had get the old ones: all columns but the
-- key change places. (The objects are given, so that only their rows are read.)
UPDATE segments s
   SET (realm_id, size, payload_size, hash, codec, nonce, message_id, server, status, tries, planned_at,
        posted_at, verified_at, error, wire_size, check_at, checks, reposts, by_body, headers_id)
     = (o.realm_id, o.size, o.payload_size, o.hash, o.codec, o.nonce, o.message_id, o.server, o.status,
        o.tries, o.planned_at, o.posted_at, o.verified_at, o.error, o.wire_size, o.check_at,
        o.checks, o.reposts, o.by_body, o.headers_id)
  FROM segments o,
       (SELECT * FROM unnest(%(packs)b::int8[], %(made)b::int8[])
         UNION ALL
        SELECT * FROM unnest(%(made)b::int8[], %(packs)b::int8[])) AS pair(one, other)
 WHERE s.object_id = pair.one AND o.object_id = pair.other
   AND s.object_id = ANY(%(both)b::int8[]) AND o.object_id = ANY(%(both)b::int8[])
   AND s.segment_index = o.segment_index AND s.redundancy = o.redundancy;

-- rewritten
-- The index must tell the new articles of these packs.
UPDATE objects o SET rewritten_at = clock_timestamp(), left_out = u.left_out
  FROM unnest(%(packs)b::int8[], %(left_out)b::int8[]) AS u(id, left_out)
 WHERE o.id = u.id;

-- replaced
-- The old articles stay until it does.
UPDATE forgotten_objects g SET replaced_at = clock_timestamp(), new_bytes = u.bytes
  FROM unnest(%(made)b::int8[], %(new_bytes)b::int8[]) AS u(id, bytes)
 WHERE g.object_id = u.id;

-- has_replaced
-- Whether articles of a folder that packs had before wait for the index.
SELECT EXISTS (SELECT FROM forgotten_objects
                WHERE folder_id = %(folder)s AND replaced_at IS NOT NULL);

-- release
-- The index tells all new articles, and nobody reads the old ones: these may go.
UPDATE forgotten_objects SET replaced_at = NULL
 WHERE folder_id = %(folder)s AND replaced_at IS NOT NULL;

-- reader
-- A restore that may have looked up articles and not fetched them yet: a job of the folder that is
-- under way, or a command that reads this database without its catalogue.
SELECT EXISTS (SELECT FROM jobs
                WHERE folder_id = %(folder)s AND verb = 'restore'
                  AND state IN {job.open} AND state <> {job.queued}
                  AND (queued OR EXISTS (
                       SELECT FROM pg_stat_activity
                        WHERE datname = current_database()
                          AND starts_with(application_name, 'usenetsync restore'))))
    OR EXISTS (SELECT FROM pg_stat_activity
                WHERE datname = current_database()
                  AND starts_with(application_name, 'usenetsync recovery'));

-- other_index
-- Whether the folder has an index in a store that it has left: nothing is told there any more.
SELECT EXISTS (SELECT FROM index_runs
                WHERE folder_id = %(folder)s AND realm_id IS DISTINCT FROM %(realm)s);
