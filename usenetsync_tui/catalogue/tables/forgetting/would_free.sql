-- forgotten
-- What forgetting some versions would free, by the version that alone needs it (null: several of them
-- need it) and the store: bytes of articles. An object is needed by the versions from the first to
-- the last that one of its rows reaches; it is read once from all rows of the folder, however many
-- objects are asked about.
WITH current AS MATERIALIZED (
    SELECT version, version = ANY(%(versions)s::int4[]) AS goes
      FROM snapshots WHERE folder_id = %(folder)s),
dying AS MATERIALIZED ({dying}),
asked AS MATERIALIZED (
    SELECT DISTINCT object_id FROM dying WHERE object_id IS NOT NULL),
needed AS MATERIALIZED (
    SELECT f.object_id,
           min((SELECT min(c.version) FROM current c WHERE c.version >= f.first_version)) AS first,
           max((SELECT max(c.version) FROM current c
                 WHERE c.version <= coalesce(f.last_version, 2147483647))) AS last
      FROM asked JOIN files f ON f.object_id = asked.object_id
     WHERE f.folder_id = %(folder)s
     GROUP BY f.object_id
    HAVING NOT bool_or(EXISTS (
           SELECT FROM current c
            WHERE NOT c.goes AND c.version >= f.first_version
              AND c.version <= coalesce(f.last_version, 2147483647)))),
articles AS (
    SELECT s.message_id, s.realm_id, max(s.payload_size) AS payload,
           CASE WHEN min(n.first) = max(n.last) THEN min(n.first) END AS version
      FROM needed n JOIN segments s ON s.object_id = n.object_id
     WHERE s.status IN {segment.there}
     GROUP BY s.message_id, s.realm_id)
SELECT a.version, r.store, sum(a.payload)::int8
  FROM articles a JOIN realms r ON r.id = a.realm_id
 WHERE NOT EXISTS (
       SELECT FROM segments o
        WHERE o.message_id = a.message_id
          AND NOT EXISTS (SELECT FROM needed n WHERE n.object_id = o.object_id)
          AND NOT EXISTS (SELECT FROM forgotten_objects g
                           WHERE g.object_id = o.object_id AND g.certain))
 GROUP BY a.version, r.store;

-- rows
-- The rows of files that would be deleted, and the bytes of those small files among them whose packs
-- other files need: in packs that stay as they are, and in those that are written again.
WITH dying AS MATERIALIZED ({dying}),
shared AS (
    SELECT asked.object_id, r.store = 'shards' AS here
      FROM (SELECT DISTINCT object_id FROM dying WHERE object_id IS NOT NULL) AS asked
      JOIN objects o ON o.id = asked.object_id JOIN realms r ON r.id = o.realm_id
     WHERE EXISTS (
           SELECT FROM files f
            WHERE f.folder_id = %(folder)s AND f.object_id = asked.object_id
              AND EXISTS (SELECT FROM snapshots c
                           WHERE c.folder_id = %(folder)s
                             AND c.version <> ALL(%(versions)s::int4[])
                             AND c.version >= f.first_version
                             AND c.version <= coalesce(f.last_version, 2147483647)))),
packed AS (
    SELECT DISTINCT d.object_id, d.object_offset, d.size, shared.here
      FROM dying d JOIN shared USING (object_id)
     WHERE NOT EXISTS (
           SELECT FROM files f
            WHERE f.folder_id = %(folder)s AND f.path_key = d.path_key
              AND f.object_id = d.object_id AND f.first_version <> d.first_version
              AND f.object_offset = d.object_offset
              AND EXISTS (SELECT FROM snapshots c
                           WHERE c.folder_id = %(folder)s
                             AND c.version <> ALL(%(versions)s::int4[])
                             AND c.version >= f.first_version
                             AND c.version <= coalesce(f.last_version, 2147483647))))
SELECT (SELECT count(*) FROM dying),
       coalesce(sum(size) FILTER (WHERE NOT here), 0)::int8,
       coalesce(sum(size) FILTER (WHERE here), 0)::int8
  FROM packed;

-- dying
-- The rows of files that reach no version which stays: those that began and ended in a gap.
SELECT f.path_key, f.first_version, f.object_id, f.object_offset, f.size
  FROM unnest(%(after)s::int4[], %(before)s::int4[]) AS gap(after, before)
 CROSS JOIN LATERAL generate_series(gap.after + 1, gap.before - 1) AS ended(version)
 CROSS JOIN LATERAL (
       SELECT path_key, first_version, object_id, object_offset, size FROM files
        WHERE folder_id = %(folder)s AND last_version = ended.version
          AND first_version > gap.after
       OFFSET 0) AS f;

-- gaps
-- The gaps that forgetting some versions would make: the versions around each that stay.
SELECT DISTINCT
       coalesce((SELECT max(s.version) FROM snapshots s
                  WHERE s.folder_id = %(folder)s AND s.version < u.version
                    AND s.version <> ALL(%(versions)s::int4[])), 0),
       (SELECT min(s.version) FROM snapshots s
         WHERE s.folder_id = %(folder)s AND s.version > u.version
           AND s.version <> ALL(%(versions)s::int4[]))
  FROM unnest(%(versions)s::int4[]) AS u(version)
 ORDER BY 1;
