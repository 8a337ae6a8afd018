-- patience
-- Do not wait for ever for programs that read the tables.
SET LOCAL lock_timeout = '15s';

-- set_aside
-- Rename the articles, their partitions and indexes, so that new ones can be made. (The indexes first:
-- they are found by the name of the table.)
DO $$
DECLARE relation record;
BEGIN
    FOR relation IN
        SELECT c.relname, c.relkind
          FROM pg_partition_tree(to_regclass('articles')) AS part
          JOIN pg_index i ON i.indrelid = part.relid
          JOIN pg_class c ON c.oid = i.indexrelid
         UNION ALL
        SELECT c.relname, c.relkind
          FROM pg_partition_tree(to_regclass('articles')) AS part
          JOIN pg_class c ON c.oid = part.relid
    LOOP
        EXECUTE format('ALTER %s %I RENAME TO %I',
            CASE WHEN relation.relkind IN ('i', 'I') THEN 'INDEX' ELSE 'TABLE' END,
            relation.relname, 'kept_' || relation.relname);
    END LOOP;
END $$;

-- bring_back
-- Drop the new articles, and give those that were set aside their names again.
DO $$
DECLARE relation record;
BEGIN
    DROP TABLE articles;
    FOR relation IN
        SELECT c.relname, c.relkind
          FROM pg_partition_tree(to_regclass('kept_articles')) AS part
          JOIN pg_index i ON i.indrelid = part.relid
          JOIN pg_class c ON c.oid = i.indexrelid
         UNION ALL
        SELECT c.relname, c.relkind
          FROM pg_partition_tree(to_regclass('kept_articles')) AS part
          JOIN pg_class c ON c.oid = part.relid
    LOOP
        EXECUTE format('ALTER %s %I RENAME TO %I',
            CASE WHEN relation.relkind IN ('i', 'I') THEN 'INDEX' ELSE 'TABLE' END,
            relation.relname, substr(relation.relname, 6));
    END LOOP;
END $$;

-- drop_tables
-- Drop tables, which may refer to each other.
DROP TABLE IF EXISTS {names};

-- drop_sequence
-- Drop a sequence that belongs to no column.
DROP SEQUENCE IF EXISTS {name};

-- foreign_keys
-- The references between tables of the catalogue.
SELECT conrelid::regclass::text, conname::text, pg_get_constraintdef(oid)
  FROM pg_constraint
 WHERE contype = 'f' AND conparentid = 0 AND connamespace = current_schema()::regnamespace
   AND conrelid = ANY (SELECT to_regclass(quote_ident(name))
                         FROM unnest(%(tables)s::text[]) AS named(name));

-- drop_reference
-- Drop a reference while tables are filled, which refer to each other in a circle.
ALTER TABLE {table} DROP CONSTRAINT {name};

-- add_reference
-- Add a reference again, and check it for all rows.
ALTER TABLE {table} ADD CONSTRAINT {name} {definition};

-- copy_in
-- Fill a table.
COPY {table} ({columns}) FROM STDIN (FORMAT BINARY);

-- set_sequence
-- Continue a sequence after its last value.
SELECT setval(quote_ident(%(name)s)::regclass, %(value)s, true);

-- analyze
-- Collect the statistics that plans need.
ANALYZE {name};
