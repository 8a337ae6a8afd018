-- by_hash
-- Copies of these segments the realm already has or has planned: dedupe.
SELECT hash, redundancy, message_id, codec, payload_size, status
  FROM segments
 WHERE realm_id = %(realm)s AND hash = ANY(%(hashes)b::bytea[]) AND status <> 6;

-- by_object
-- The ledger of one object: a plain realm shares nothing between objects.
SELECT hash, redundancy, message_id, codec, payload_size, status, segment_index
  FROM segments
 WHERE object_id = ANY(%(objects)b::int8[]) AND status <> 6;

-- insert
-- New rows of the ledger; those that are there already stay as they are.
INSERT INTO segments (object_id, segment_index, redundancy, realm_id, size, payload_size, hash,
                      codec, message_id, status, posted_at)
SELECT u.object_id, u.segment_index, u.redundancy, %(realm)s, u.size, u.payload_size, u.hash,
       u.codec, u.message_id, u.status, CASE WHEN u.status = 2 THEN now() END
  FROM unnest(%(objects)b::int8[], %(indexes)b::int4[], %(redundancies)b::int2[], %(sizes)b::int4[],
              %(payload_sizes)b::int4[], %(hashes)b::bytea[], %(codecs)b::int2[],
              %(message_ids)b::bytea[], %(statuses)b::int2[])
       AS u(object_id, segment_index, redundancy, size, payload_size, hash, codec, message_id, status)
    ON CONFLICT (object_id, segment_index, redundancy) DO NOTHING
RETURNING object_id, status;

-- mark_sending
-- Articles about to be sent again under their own Message-IDs.
UPDATE segments SET status = 1
 WHERE message_id = ANY(%(message_ids)b::bytea[]) AND status NOT IN (2, 3, 6);

-- mark_posted
-- The store holds these articles; every row that shares one is posted with it.
UPDATE segments SET status = 2, posted_at = now(), tries = tries + 1, error = NULL
 WHERE message_id = ANY(%(message_ids)b::bytea[]) AND status NOT IN (2, 3, 6)
RETURNING object_id;

-- mark_failed
-- Given up for this run, with the store's words.
UPDATE segments s SET status = 5, tries = s.tries + %(tries)s, error = %(error)s
 WHERE s.message_id = %(message_id)s AND s.status NOT IN (2, 3, 6);

-- mark_verified
-- The store said again that it holds these articles.
UPDATE segments SET status = 3, verified_at = now()
 WHERE message_id = ANY(%(message_ids)b::bytea[]) AND status IN (2, 3);

-- mark_missing
-- The store does not hold these articles, or not as they were posted.
UPDATE segments SET status = 4, error = %(error)s
 WHERE message_id = ANY(%(message_ids)b::bytea[]) AND status IN (2, 3)
RETURNING object_id;

-- mark_stale
-- The unposted segments of an object whose source changed.
UPDATE segments SET status = 6
 WHERE object_id = %(object)s AND status NOT IN (2, 3, 6);

-- unposted
-- Articles of these objects the store has not acknowledged.
SELECT object_id, segment_index, redundancy, size, hash, codec, payload_size, message_id, status,
       tries, error
  FROM segments
 WHERE object_id = ANY(%(objects)b::int8[]) AND status NOT IN (2, 3, 6)
 ORDER BY object_id, segment_index, redundancy;

-- of_object
-- The copies of some segments of one object that can be fetched, in order.
SELECT object_id, segment_index, redundancy, size, hash, codec, payload_size, message_id, status,
       tries, error
  FROM segments
 WHERE object_id = %(object)s AND segment_index >= %(first)s AND segment_index < %(last)s
   AND status <> 6
 ORDER BY segment_index, redundancy;

-- of_objects
-- The posted articles of these objects: what verify looks for.
SELECT object_id, segment_index, redundancy, size, hash, codec, payload_size, message_id, status,
       tries, error
  FROM segments
 WHERE object_id = ANY(%(objects)b::int8[]) AND status IN (2, 3)
 ORDER BY object_id, segment_index, redundancy;

-- failed_files
-- Objects of a folder with articles that were given up, and the store's words.
SELECT o.id, o.first_key, o.files, min(s.error), count(*)
  FROM objects o JOIN segments s ON s.object_id = o.id
 WHERE o.folder_id = %(folder)s AND NOT o.complete AND s.status IN (4, 5)
 GROUP BY o.id, o.first_key, o.files
 ORDER BY o.id
 LIMIT %(limit)s;
