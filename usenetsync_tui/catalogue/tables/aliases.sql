-- of
-- The further names of an article: those that a server gave it first, then the latest.
SELECT wire_id, adopted FROM aliases WHERE message_id = %(message_id)b
 ORDER BY adopted DESC, at DESC, wire_id;

-- adopted
-- The names that servers gave these articles instead of their own, the latest of each.
SELECT DISTINCT ON (message_id) message_id, wire_id FROM aliases
 WHERE message_id = ANY(%(message_ids)b::bytea[]) AND adopted
 ORDER BY message_id, at DESC;

-- add
-- A further name of an article; from a server, it is the article's name from now on.
INSERT INTO aliases (message_id, wire_id, adopted, at)
VALUES (%(message_id)b, %(wire_id)s, %(adopted)s, clock_timestamp())
    ON CONFLICT (message_id, wire_id) DO UPDATE
   SET adopted = aliases.adopted OR excluded.adopted,
       at = CASE WHEN excluded.adopted THEN excluded.at ELSE aliases.at END;

-- pass_on
-- An article gets a new Message-ID: its further names move with it, as mere aliases.
UPDATE aliases SET message_id = %(new)b, adopted = false WHERE message_id = %(old)b;
