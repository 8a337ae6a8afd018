-- forget_runs
-- Delete the runs of a folder's index that the root of no version which is there leads to, with their
-- pages; their articles go with the segments of forgotten objects. The root of a version leads to the
-- newest base that is not above it, and to all runs from there to the version.
WITH needless AS (
    DELETE FROM index_runs r
     WHERE r.folder_id = %(folder)s AND NOT EXISTS (
           SELECT FROM snapshots k
            WHERE k.folder_id = r.folder_id AND k.version >= r.version
              AND k.state <> {version.building}
              AND NOT EXISTS (
                  SELECT FROM index_runs b
                   WHERE b.folder_id = r.folder_id AND b.realm_id = r.realm_id AND b.is_base
                     AND b.version > r.version AND b.version <= k.version))
 RETURNING r.realm_id, r.version, r.amendment),
pages AS (
    DELETE FROM index_pages p USING needless n
     WHERE p.folder_id = %(folder)s AND p.realm_id = n.realm_id AND p.version = n.version
       AND p.amendment = n.amendment AND p.number IS NOT NULL
 RETURNING p.object_id),
gone AS (
    DELETE FROM objects o USING pages WHERE o.id = pages.object_id)
INSERT INTO forgotten_objects (object_id, folder_id, certain)
SELECT object_id, %(folder)s, true FROM pages
    ON CONFLICT (object_id) DO UPDATE SET certain = true;

-- forget_roots
-- Delete the roots of versions that are not there any more, except those of every so many versions:
-- who has nothing but the recovery string finds the newest version by them.
WITH needless AS (
    DELETE FROM index_roots r
     WHERE r.folder_id = %(folder)s AND r.object_id IS NOT NULL
       AND r.version %% %(stride)s <> 0
       AND NOT EXISTS (SELECT FROM snapshots s
                        WHERE s.folder_id = r.folder_id AND s.version = r.version)
 RETURNING r.object_id),
pages AS (
    DELETE FROM index_pages p USING needless n WHERE p.object_id = n.object_id),
gone AS (
    DELETE FROM objects o USING needless n WHERE o.id = n.object_id)
INSERT INTO forgotten_objects (object_id, folder_id, certain)
SELECT object_id, %(folder)s, true FROM needless
    ON CONFLICT (object_id) DO UPDATE SET certain = true;

-- is_told
-- Whether the newest root that is posted was planned after the last version was forgotten; or there
-- is no root at all.
SELECT coalesce((
       SELECT r.at > (SELECT max(forgotten_at) FROM forgotten_versions
                       WHERE folder_id = %(folder)s)
         FROM index_roots r JOIN snapshots s
              ON s.folder_id = r.folder_id AND s.version = r.version AND s.indexed
        WHERE r.folder_id = %(folder)s AND r.realm_id = %(realm)s
        ORDER BY r.version DESC LIMIT 1), true);

-- unlisted
-- The finished versions of a folder below one, ascending, if any version was forgotten.
SELECT version FROM snapshots
 WHERE folder_id = %(folder)s AND version < %(version)s AND state <> {version.building}
 ORDER BY version;

-- has_gaps
-- Whether a version up to the newest one is not there any more.
SELECT count(*) <> coalesce(max(version), 0) FROM snapshots
 WHERE folder_id = %(folder)s AND version <= %(version)s AND state <> {version.building};
