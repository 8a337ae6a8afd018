-- tables
-- The tables that forgetting makes room in, each shard on its own: name, bytes with indexes, bytes of
-- the rows alone, rows, and bytes of the average row as the last ANALYZE saw it.
SELECT c.oid::regclass::text, pg_total_relation_size(c.oid), pg_relation_size(c.oid),
       greatest(c.reltuples, 0)::int8,
       coalesce((SELECT sum(t.avg_width) FROM pg_stats t
                  WHERE t.schemaname = c.relnamespace::regnamespace::text
                    AND t.tablename = c.relname), 0)::int8
  FROM (SELECT to_regclass(name)::oid AS oid FROM unnest(%(names)s::text[]) AS named(name)) AS t
  LEFT JOIN pg_inherits i ON i.inhparent = t.oid
  JOIN pg_class c ON c.oid = coalesce(i.inhrelid, t.oid)
 ORDER BY c.relname;

-- payloads
-- The articles of a shard and the bytes of their payloads; it reads no payload.
SELECT count(*), coalesce(sum(octet_length(payload)), 0)::int8 FROM {shard};

-- vacuum
-- Make the room of deleted rows free for new ones, and give back what is free at the end.
VACUUM (ANALYZE) {shard};

-- vacuum_full
-- Write a table again without its deleted rows, and give back the rest. Nobody else can use it
-- meanwhile.
VACUUM (FULL, ANALYZE) {shard};

-- patience
-- How long to wait for those that use a table.
SET lock_timeout = '5s';

-- no_patience
-- Undo this.
RESET lock_timeout;
