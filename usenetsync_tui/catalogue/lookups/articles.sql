-- page
-- The copies of an object's segments from (index, redundancy) on, with the further names of
-- their articles, those a server gave first, then the latest.
SELECT s.segment_index, s.redundancy, s.size, s.payload_size, coalesce(s.wire_size, 0), s.status,
       s.tries, s.checks, s.reposts, s.error, coalesce(s.server, ''), s.hash, s.posted_at,
       s.verified_at, r.digest, s.realm_id, s.message_id, coalesce(named.names, '{}'),
       coalesce(named.adopted, false)
  FROM segments s JOIN realms r ON r.id = s.realm_id
 CROSS JOIN LATERAL (
       SELECT array_agg(a.wire_id ORDER BY a.adopted DESC, a.at DESC, a.wire_id) AS names,
              bool_or(a.adopted) AS adopted
         FROM aliases a WHERE a.message_id = s.message_id) AS named
 WHERE s.object_id = %(object)s AND (s.segment_index, s.redundancy) >= (%(index)s, %(redundancy)s)
 ORDER BY s.segment_index, s.redundancy
 LIMIT %(limit)s;

-- count
-- How many copies of segments an object has in the ledger.
SELECT count(*) FROM segments WHERE object_id = %(object)s;
