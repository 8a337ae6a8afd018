-- post
-- Keep an article. A known Message-ID is our own, sent again: it had arrived, or is mended.
INSERT INTO articles AS a (message_id, payload) VALUES (%(message_id)b, %(payload)b)
    ON CONFLICT (message_id) DO UPDATE SET payload = excluded.payload
 WHERE a.payload <> excluded.payload;

-- present
-- Those of some Message-IDs that are there.
SELECT message_id FROM articles WHERE message_id = ANY(%(message_ids)b::bytea[]);

-- fetch
-- The payload of a Message-ID.
SELECT payload FROM articles WHERE message_id = %(message_id)b;
