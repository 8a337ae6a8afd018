-- before
-- A folder's current headers, if they are not its realm's first ones.
SELECT h.newsgroups, h.sender, h.veil, h.chosen
  FROM folders f JOIN headers h ON h.id = f.headers_id
 WHERE f.id = %(folder)s;

-- has_posted
-- Whether any article of a folder was posted in a realm.
SELECT EXISTS (SELECT FROM objects
                WHERE folder_id = %(folder)s AND realm_id = %(realm)s AND posted > 0);

-- change
-- A folder's headers from now on.
WITH made AS (
    INSERT INTO headers (folder_id, newsgroups, sender, veil, chosen)
    VALUES (%(folder)s, %(newsgroups)s, %(sender)s, %(veil)s, %(chosen)s)
    RETURNING id)
UPDATE folders SET headers_id = made.id FROM made WHERE folders.id = %(folder)s;

-- every
-- All headers that a folder ever had in a realm, without the realm's first ones.
SELECT h.id, coalesce(h.newsgroups, r.newsgroups), coalesce(h.sender, r.sender), h.veil
  FROM headers h, realms r
 WHERE h.folder_id = %(folder)s AND r.id = %(realm)s;

-- of_object
-- The headers of an object's articles, the earliest first; null: the realm's first ones.
SELECT DISTINCT headers_id FROM segments
 WHERE object_id = %(object)s AND redundancy = 0 AND status IN {segment.there}
 ORDER BY headers_id NULLS FIRST;

-- found
-- The newsgroups of a folder that some server is known to have.
SELECT found_newsgroups FROM folders WHERE id = %(folder)s;

-- remember_found
-- A server has these newsgroups.
UPDATE folders SET found_newsgroups = %(newsgroups)s WHERE id = %(folder)s;
