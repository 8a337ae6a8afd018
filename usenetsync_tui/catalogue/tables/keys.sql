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

-- wrapped
-- All wrapped keys, with the folder and what the key is for. An index's owner is the path, a zero
-- byte and a word.
SELECT r.id, r.wrapped_key, f.name, split.path, r.is_index, r.renewed
  FROM realms r
 CROSS JOIN LATERAL (
       SELECT CASE WHEN position('\x00'::bytea IN r.owner) > 0
                   THEN substring(r.owner FOR position('\x00'::bytea IN r.owner) - 1)
                   ELSE r.owner END) AS split(path)
  LEFT JOIN folders f ON f.path = split.path
 WHERE r.wrapped_key IS NOT NULL
 ORDER BY split.path, r.id;

-- hold_keys
-- Until the transaction ends, nobody adds a wrapped key or changes one.
LOCK TABLE realms IN SHARE ROW EXCLUSIVE MODE;

-- rewrap
-- Replace the wrapped keys of realms.
UPDATE realms r SET wrapped_key = u.wrapped_key
  FROM unnest(%(realms)b::bigint[], %(wrapped)b::bytea[]) AS u(id, wrapped_key)
 WHERE r.id = u.id;
