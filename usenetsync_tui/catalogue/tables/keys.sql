-- key_use
-- What a realm's key has sealed; whether an article of the realm may be under way; and whether one
-- is still to be posted or checked.
SELECT r.sealed,
       EXISTS (SELECT FROM objects o JOIN segments s ON s.object_id = o.id
                WHERE o.folder_id = %(folder)s AND o.realm_id = r.id AND NOT o.complete
                  AND s.status IN {segment.unsent}),
       EXISTS (SELECT FROM objects o JOIN segments s ON s.object_id = o.id
                WHERE o.folder_id = %(folder)s AND o.realm_id = r.id AND NOT o.complete
                  AND s.status NOT IN {segment.not_sendable})
       OR EXISTS (SELECT FROM segments s
                   WHERE s.realm_id = r.id AND s.status = {segment.posted}
                     AND s.check_at IS NOT NULL)
  FROM realms r WHERE r.id = %(realm)s;

-- retire
-- Mark a realm as continued by another one.
UPDATE realms SET renewed = true WHERE id = %(realm)s AND NOT renewed;

-- continue
-- A copy of a realm, with a key of its own.
INSERT INTO realms (store, profile, domain, newsgroups, owner, wrapped_key, dress, continues,
                    digest)
SELECT store, profile, domain, newsgroups, owner, %(wrapped_key)s, %(header_style)s, id, digest
  FROM realms WHERE id = %(realm)s
RETURNING id;

-- move
-- Post the folder's articles to the realm that continues its own.
UPDATE folders SET realm_id = %(realm)s WHERE id = %(folder)s;
