-- post
-- Store an article: its pieces, all or none. A known Message-ID is refused.
COPY articles (message_id, piece, payload) FROM STDIN (FORMAT BINARY);

-- remove
-- Delete an article.
DELETE FROM articles WHERE message_id = %(message_id)b;

-- present
-- Which of the given Message-IDs are stored, by their first pieces. (In the database of an earlier
-- program, whose table has no column of that name, `piece` is the one of `whole`.)
SELECT a.message_id
  FROM (SELECT 0 AS piece) AS whole,
       LATERAL (SELECT message_id FROM articles
                 WHERE message_id = ANY(%(message_ids)b::bytea[]) AND piece = 0) AS a;

-- fetch
-- The payload of a Message-ID, joined of its pieces; null: there is none. (`piece`: as above.)
SELECT string_agg(a.payload, ''::bytea ORDER BY a.number)
  FROM (SELECT 0 AS piece) AS whole,
       LATERAL (SELECT payload, piece AS number FROM articles
                 WHERE message_id = %(message_id)b) AS a;

-- exists
-- Whether the database has the table of articles.
SELECT to_regclass('articles') IS NOT NULL;
