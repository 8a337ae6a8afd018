-- An article of the shards store in rows of a page each. TOAST makes rows of a quarter of a page, each
-- with a place in an index: they take twice the processor time. Articles from before stay one row, in
-- TOAST, until they are deleted.

-- piece: from 0. A row of a page stays out of TOAST.
ALTER TABLE articles DROP COLUMN posted_at, ADD COLUMN piece smallint NOT NULL DEFAULT 0;
ALTER TABLE articles DROP CONSTRAINT articles_pkey;
ALTER TABLE articles ADD CONSTRAINT articles_pkey PRIMARY KEY (message_id, piece);

-- ANALYZE holds 300 times as many rows in memory: of pages, and for three tables at once.
ALTER TABLE articles ALTER COLUMN message_id SET STATISTICS 10,
    ALTER COLUMN piece SET STATISTICS 10, ALTER COLUMN payload SET STATISTICS 10;

DO $$
DECLARE page integer := current_setting('block_size');
BEGIN
    FOR shard IN 0..15 LOOP
        EXECUTE format('ALTER TABLE articles_%s SET (toast_tuple_target = %s)',
            lpad(shard::text, 2, '0'), page - 32);
    END LOOP;
END $$;
