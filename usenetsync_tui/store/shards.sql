-- post
-- Store an article. A known Message-ID is ours, sent again: a wrong payload is replaced.
INSERT INTO articles AS a (message_id, payload) VALUES (%(message_id)b, %(payload)b)
    ON CONFLICT (message_id) DO UPDATE SET payload = excluded.payload
 WHERE a.payload <> excluded.payload;

-- present
-- Which of the given Message-IDs are stored.
SELECT message_id FROM articles WHERE message_id = ANY(%(message_ids)b::bytea[]);

-- fetch
-- The payload of a Message-ID.
SELECT payload FROM articles WHERE message_id = %(message_id)b;

-- exists
-- Whether the database has the table of articles.
SELECT to_regclass('articles') IS NOT NULL;
