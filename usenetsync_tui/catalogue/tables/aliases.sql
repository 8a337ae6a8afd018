-- of
-- The further names of an article, those a server gave it first, then the latest.
SELECT wire_id, adopted FROM aliases WHERE message_id = %(message_id)b
 ORDER BY adopted DESC, at DESC, wire_id;

-- adopted
-- What servers call these articles instead of their own names, the latest of each.
SELECT DISTINCT ON (message_id) message_id, wire_id FROM aliases
 WHERE message_id = ANY(%(message_ids)b::bytea[]) AND adopted
 ORDER BY message_id, at DESC;

-- add
-- A further name of an article; one that a server gave it is what it is called from now on.
INSERT INTO aliases (message_id, wire_id, adopted)
VALUES (%(message_id)b, %(wire_id)s, %(adopted)s)
    ON CONFLICT (message_id, wire_id) DO UPDATE
   SET adopted = aliases.adopted OR excluded.adopted,
       at = CASE WHEN excluded.adopted THEN excluded.at ELSE aliases.at END;

-- pass_on
-- An article gets a new Message-ID: its further names come with it, none of them its own name.
UPDATE aliases SET message_id = %(new)b, adopted = false WHERE message_id = %(old)b;
