-- snapshot
-- All statements of the transaction see the same state, and change nothing.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;

-- columns
-- The columns of tables, in their order.
SELECT c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod)
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
 WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
   AND c.relname = ANY (%(tables)s::text[]) AND a.attnum > 0 AND NOT a.attisdropped
   AND a.attgenerated = ''
 ORDER BY c.relname, a.attnum;

-- applied
-- The migrations that the catalogue has.
SELECT version, name, checksum FROM schema_migrations ORDER BY version;

-- sequences
-- The sequences of the catalogue, of identity columns and those with a name of their own, and the
-- last value of each; null for one that was never used.
SELECT s.sequencename::text, s.last_value
  FROM pg_sequences s
 WHERE s.schemaname = current_schema()
   AND (s.sequencename = ANY (%(sequences)s::text[]) OR EXISTS (
        SELECT FROM pg_depend d JOIN pg_class t ON t.oid = d.refobjid
         WHERE d.objid = format('%%I.%%I', s.schemaname, s.sequencename)::regclass
           AND d.classid = 'pg_class'::regclass AND d.deptype = 'i'
           AND t.relname = ANY (%(tables)s::text[])))
 ORDER BY s.sequencename;

-- copy_out
-- All rows of a table; a partitioned one can only be read by a query.
COPY (SELECT {columns} FROM {table}) TO STDOUT (FORMAT BINARY);

-- estimate
-- About how many bytes tables have on disk, with their partitions; for the progress.
SELECT coalesce(sum(pg_table_size(part.relid)), 0)::bigint
  FROM unnest(%(tables)s::text[]) AS named(name)
 CROSS JOIN LATERAL pg_partition_tree(to_regclass(quote_ident(named.name))) AS part
 WHERE part.isleaf;

-- contents
-- What the catalogue holds: folders, finished versions, and jobs.
SELECT (SELECT count(*) FROM folders),
       (SELECT count(*) FROM snapshots WHERE state <> {version.building}),
       (SELECT count(*) FROM jobs);

-- has_rows
-- Whether a table has a row.
SELECT EXISTS (SELECT FROM {table});
