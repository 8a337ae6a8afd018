-- by_hash
-- The realm's posted or planned copies of these segments, for deduplication. One row for each, since
-- rows of a hash share one article, and a hash of zeros may have millions of rows.
SELECT known.hash, known.redundancy, known.message_id, known.codec, known.payload_size, known.status,
       known.by_body
  FROM unnest(%(hashes)b::bytea[]) AS wanted(hash)
 CROSS JOIN generate_series(0, %(copies)s - 1) AS copy(redundancy)
 CROSS JOIN LATERAL (
       SELECT hash, redundancy, message_id, codec, payload_size, status, by_body
         FROM segments s
        WHERE s.realm_id = %(realm)s AND s.hash = wanted.hash
          AND s.redundancy = copy.redundancy AND s.status <> {segment.stale}
        LIMIT 1) AS known;

-- has_any
-- Whether a realm has any article, posted or not.
SELECT EXISTS (SELECT FROM segments WHERE realm_id = %(realm)s);

-- by_slice
-- The articles of some slices of objects: a plain realm shares none between files.
SELECT hash, redundancy, message_id, codec, payload_size, status, by_body, headers_id, object_id,
       segment_index
  FROM segments
  JOIN unnest(%(objects)b::int8[], %(indexes)b::int4[]) AS slice(object_id, segment_index)
 USING (object_id, segment_index)
 WHERE status <> {segment.stale};

-- insert
-- New rows of the ledger; existing ones stay as they are. Count what their nonces seal, whether the
-- row is new or not. An article that only its bytes prove is checked even if the store's
-- acknowledgement is enough for others.
WITH sealed AS (
    UPDATE realms SET sealed = sealed + used.units
      FROM (SELECT sum(1 + (payload_size - 1) / 1048576) AS units
              FROM unnest(%(payload_sizes)b::int4[], %(nonces)b::bytea[]) AS u(payload_size, nonce)
             WHERE nonce IS NOT NULL) AS used
     WHERE id = %(realm)s AND used.units IS NOT NULL)
INSERT INTO segments (object_id, segment_index, redundancy, realm_id, size, payload_size, hash,
                      codec, nonce, message_id, status, by_body, headers_id, posted_at, check_at)
SELECT u.object_id, u.segment_index, u.redundancy, %(realm)s, u.size, u.payload_size, u.hash,
       u.codec, u.nonce, u.message_id, u.status, u.by_body, u.headers,
       CASE WHEN u.status IN {segment.there} THEN now() END,
       CASE WHEN u.status = {segment.posted}
            THEN now() + coalesce(%(check_after)s::float8, CASE WHEN u.by_body THEN 0 END)
                 * interval '1 second' END
  FROM unnest(%(objects)b::int8[], %(indexes)b::int4[], %(redundancies)b::int2[], %(sizes)b::int4[],
              %(payload_sizes)b::int4[], %(hashes)b::bytea[], %(codecs)b::int2[],
              %(nonces)b::bytea[], %(message_ids)b::bytea[], %(statuses)b::int2[],
              %(by_body)b::bool[], %(headers)b::int8[])
       AS u(object_id, segment_index, redundancy, size, payload_size, hash, codec, nonce,
            message_id, status, by_body, headers)
    ON CONFLICT (object_id, segment_index, redundancy) DO NOTHING
RETURNING object_id, status;

-- mark_sending
-- Articles about to be sent again under their own Message-IDs, with a new nonce if they are sealed:
-- counted as in insert.
WITH sealed AS (
    UPDATE realms r SET sealed = r.sealed + used.units
      FROM (SELECT s.realm_id, sum(1 + (s.payload_size - 1) / 1048576) AS units
              FROM unnest(%(message_ids)b::bytea[], %(nonces)b::bytea[]) AS u(message_id, nonce)
             CROSS JOIN LATERAL (SELECT realm_id, payload_size FROM segments
                                  WHERE message_id = u.message_id LIMIT 1) AS s
             WHERE u.nonce IS NOT NULL
             GROUP BY s.realm_id) AS used
     WHERE r.id = used.realm_id)
UPDATE segments s SET status = {segment.sending}, nonce = u.nonce
  FROM unnest(%(message_ids)b::bytea[], %(nonces)b::bytea[]) AS u(message_id, nonce)
 WHERE s.message_id = u.message_id AND s.status NOT IN {segment.ignores_send};

-- mark_posted
-- The store acknowledged these articles; their rows are posted and count for their objects: one with
-- all its articles is complete. With a delay, check them after so many seconds; an article that was
-- posted again is always checked.
-- headers: the id of theirs; 0: the realm's first ones; null: as planned.
WITH posted AS (
    UPDATE segments s
       SET status = {segment.posted}, posted_at = now(), tries = s.tries + 1, error = NULL,
           checks = 0, server = coalesce(nullif(u.server, ''), s.server),
           wire_size = coalesce(nullif(u.wire_size, 0), s.wire_size),
           headers_id = CASE WHEN u.headers IS NULL THEN s.headers_id
                             ELSE nullif(u.headers, 0) END,
           check_at = now() + coalesce(%(check_after)s::float8,
                                       CASE WHEN s.by_body OR s.reposts > 0 THEN 0 END)
                              * interval '1 second'
      FROM unnest(%(message_ids)b::bytea[], %(servers)s::text[], %(wire_sizes)b::int4[],
                  %(headers)b::int8[], %(objects)b::int8[], %(indexes)b::int4[],
                  %(redundancies)b::int2[])
           AS u(message_id, server, wire_size, headers, object_id, segment_index, redundancy)
     WHERE s.message_id = u.message_id AND s.status NOT IN {segment.ignores_acknowledge}
       AND {rows}
 RETURNING s.object_id)
UPDATE objects o
   SET posted = o.posted + more.n,
       complete = o.posted + more.n >= o.segments::bigint * o.copies
  FROM (SELECT object_id, count(*) AS n FROM posted GROUP BY object_id) AS more
 WHERE o.id = more.object_id
RETURNING o.id, o.folder_id, o.complete, o.files;

-- every_row
-- For mark_posted: the rows of an article in all shards.
true;

-- known_row
-- For mark_posted: the only row of an article. (As in mark_verified, so that only its shard is read.)
s.object_id = u.object_id AND s.segment_index = u.segment_index AND s.redundancy = u.redundancy
AND s.object_id = ANY(%(objects)b::int8[]) AND s.segment_index BETWEEN %(first)s AND %(last)s;

-- rename
-- An article gets a new Message-ID, since the article under the old one cannot be read. It gets a
-- new nonce if it is sealed: counted as in insert.
WITH sealed AS (
    UPDATE realms r SET sealed = r.sealed + 1 + (s.payload_size - 1) / 1048576
      FROM (SELECT realm_id, payload_size FROM segments
             WHERE message_id = %(old)b LIMIT 1) AS s
     WHERE r.id = s.realm_id AND %(nonce)b::bytea IS NOT NULL)
UPDATE segments SET message_id = %(new)b, nonce = %(nonce)b
 WHERE message_id = %(old)b AND status NOT IN {segment.ignores_rename};

-- count_repost
-- Count that a lost article is about to be posted again.
UPDATE segments SET reposts = reposts + 1
 WHERE message_id = %(message_id)b AND status NOT IN {segment.ignores_repost};

-- mark_failed
-- Given up in this run, with the store's reply.
UPDATE segments s SET status = {segment.failed}, tries = s.tries + %(tries)s, error = %(error)s
 WHERE s.message_id = %(message_id)s AND s.status NOT IN {segment.ignores_give_up};

-- mark_verified
-- The articles of these rows were found: by a later check or, if only that is proof, by fetching
-- their bytes. By row, not by Message-ID: the article of a hash of zeros may have millions of rows.
-- The objects and the range of indexes are given once more, so that only these rows are read, by the
-- index of their shards: the planner does not know that a row to be joined is in one shard only, and
-- would rather read all of a table.
UPDATE segments s
   SET status = {segment.verified}, verified_at = now(), check_at = NULL, reposts = 0,
       by_body = false
  FROM unnest(%(objects)b::int8[], %(indexes)b::int4[], %(redundancies)b::int2[])
       AS u(object_id, segment_index, redundancy)
 WHERE s.object_id = u.object_id AND s.segment_index = u.segment_index
   AND s.redundancy = u.redundancy AND s.status IN {segment.may_verify}
   AND s.object_id = ANY(%(objects)b::int8[]) AND s.segment_index BETWEEN %(first)s AND %(last)s;

-- mark_missing
-- These articles are lost or damaged. With rename they count as posted again once already, so that
-- the next post gets a new name.
UPDATE segments
   SET status = {segment.missing}, error = %(error)s, check_at = NULL,
       by_body = by_body OR %(by_body)s,
       reposts = CASE WHEN %(rename)s THEN greatest(reposts, 1) ELSE reposts END
 WHERE message_id = ANY(%(message_ids)b::bytea[]) AND status IN {segment.may_miss}
RETURNING object_id, message_id;

-- mark_stale
-- The unposted segments of an object whose source changed.
UPDATE segments SET status = {segment.stale}
 WHERE object_id = %(object)s AND status NOT IN {segment.ignores_outdate};

-- unposted
-- The next articles of an object the store has not acknowledged, after a copy of a segment.
SELECT {segment_row.columns}
  FROM segments
 WHERE object_id = %(object)s AND (segment_index, redundancy) > (%(index)s, %(redundancy)s)
   AND status NOT IN {segment.not_sendable}
 ORDER BY segment_index, redundancy
 LIMIT %(limit)s;

-- of_object
-- The copies of some segments of one object that can be fetched, in order.
SELECT {segment_row.columns}
  FROM segments
 WHERE object_id = %(object)s AND segment_index >= %(first)s AND segment_index < %(last)s
   AND status <> {segment.stale}
 ORDER BY segment_index, redundancy;

-- of_packs
-- The copies of the first segments of some objects that can be fetched, in order.
SELECT object_id, {segment_row.columns}
  FROM segments
 WHERE object_id = ANY(%(objects)b::int8[]) AND segment_index = 0
   AND status <> {segment.stale}
 ORDER BY object_id, redundancy;
