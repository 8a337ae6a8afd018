-- tag
-- Add tags to a version; returns how many it has now.
UPDATE snapshots
   SET tags = ARRAY(SELECT DISTINCT t FROM unnest(tags || %(tags)s::text[]) AS t ORDER BY t)
 WHERE folder_id = %(folder)s AND version = %(version)s
RETURNING cardinality(tags);

-- untag
-- Take tags from a version, or all of them.
UPDATE snapshots
   SET tags = ARRAY(SELECT t FROM unnest(tags) AS t
                     WHERE NOT (%(all)s OR t = ANY (%(tags)s::text[])) ORDER BY t)
 WHERE folder_id = %(folder)s AND version = %(version)s
RETURNING version;

-- protect
-- Protect versions, or take that back.
UPDATE snapshots SET protected = %(protected)s
 WHERE folder_id = %(folder)s AND version = ANY (%(versions)s::int[])
RETURNING version;

-- protected
-- The protected ones of some versions, or of all, which stay as they are until this transaction
-- ends.
SELECT version
  FROM (SELECT version, protected FROM snapshots
         WHERE folder_id = %(folder)s AND (%(all)s OR version = ANY (%(versions)s::int[]))
           FOR UPDATE) AS s
 WHERE s.protected
 ORDER BY version;
