-- database
-- The server's version, the database's bytes, and the sessions on it.
SELECT current_setting('server_version'), pg_database_size(current_database()),
       (SELECT numbackends FROM pg_stat_database WHERE datname = current_database());

-- tables
-- Each table with its shards, indexes included; row counts are the planner's estimates.
SELECT t.name, coalesce(shard.oid, t.oid) <> t.oid, pg_total_relation_size(part.oid),
       greatest(part.reltuples, 0)::int8
  FROM (SELECT name, to_regclass(name)::oid AS oid, n
          FROM unnest(%(names)s::text[]) WITH ORDINALITY AS named(name, n)) AS t
  LEFT JOIN pg_inherits i ON i.inhparent = t.oid
  LEFT JOIN pg_class shard ON shard.oid = i.inhrelid
  JOIN pg_class part ON part.oid = coalesce(shard.oid, t.oid)
 ORDER BY t.n, part.relname;
