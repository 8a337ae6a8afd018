-- before
-- What a folder posts with now, where that is not what its realm began with.
SELECT h.newsgroups, h.sender, h.veil, h.chosen
  FROM folders f JOIN headers h ON h.id = f.headers_id
 WHERE f.id = %(folder)s;

-- has_posted
-- Whether anything of a folder was posted in a realm.
SELECT EXISTS (SELECT FROM objects
                WHERE folder_id = %(folder)s AND realm_id = %(realm)s AND posted > 0);

-- change
-- What a folder posts with from now on.
WITH made AS (
    INSERT INTO headers (folder_id, newsgroups, sender, veil, chosen)
    VALUES (%(folder)s, %(newsgroups)s, %(sender)s, %(veil)s, %(chosen)s)
    RETURNING id)
UPDATE folders SET headers_id = made.id FROM made WHERE folders.id = %(folder)s;

-- every
-- All that a folder ever posted with in a realm, besides what the realm began with.
SELECT h.id, coalesce(h.newsgroups, r.newsgroups), coalesce(h.sender, r.sender), h.veil
  FROM headers h, realms r
 WHERE h.folder_id = %(folder)s AND r.id = %(realm)s;

-- of_object
-- What the articles of an object were posted with, the earliest first; null: as the realm began.
SELECT DISTINCT headers_id FROM segments
 WHERE object_id = %(object)s AND redundancy = 0 AND status IN {segment.there}
 ORDER BY headers_id NULLS FIRST;

-- found
-- The newsgroups of a folder that a server was found to have.
SELECT found_newsgroups FROM folders WHERE id = %(folder)s;

-- remember_found
-- A server has these newsgroups.
UPDATE folders SET found_newsgroups = %(newsgroups)s WHERE id = %(folder)s;
