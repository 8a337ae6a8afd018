-- tables
-- The tables that forgetting makes room in, each shard on its own.
SELECT c.oid::regclass::text
  FROM unnest(%(names)s::text[]) WITH ORDINALITY AS named(name, n)
  LEFT JOIN pg_inherits i ON i.inhparent = to_regclass(named.name)
  JOIN pg_class c ON c.oid = coalesce(i.inhrelid, to_regclass(named.name))
 ORDER BY named.n, c.relname;

-- room
-- Of a table: its bytes, with TOAST and without indexes; its rows, and the bytes of the average one; its
-- rows in TOAST. It reads none of them.
SELECT pg_relation_size(c.oid) + coalesce(pg_relation_size(t.oid), 0),
       greatest(c.reltuples, 0)::int8,
       coalesce((SELECT sum(s.avg_width) FROM pg_stats s
                  WHERE s.schemaname = c.relnamespace::regnamespace::text
                    AND s.tablename = c.relname), 0)::int8,
       greatest(t.reltuples, 0)::int8
  FROM pg_class c LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
 WHERE c.oid = to_regclass(%(table)s);

-- vacuum
-- Make the room of deleted rows free for new ones, and give back what is free at the end.
VACUUM (ANALYZE) {table};

-- vacuum_full
-- Write a table again without its deleted rows, and give back the rest. Nobody else can use it
-- meanwhile.
VACUUM (FULL, ANALYZE) {table};

-- patience
-- How long to wait for those that use a table.
SET lock_timeout = '5s';

-- no_patience
-- Undo this.
RESET lock_timeout;
