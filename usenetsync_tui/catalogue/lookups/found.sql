-- current
-- The paths of a version that match, after a key, by the primary key: for patterns that match often.
SELECT {row}
  FROM (SELECT * FROM files f
         WHERE {at_version} AND f.path_key > %(after)s AND {matching}
         ORDER BY f.path_key
         LIMIT %(limit)s) AS f
 CROSS JOIN LATERAL ({states}) AS s
 ORDER BY f.path_key;

-- gone
-- The paths that match and that the newest version does not have, those that it lost last first,
-- after one: by the index of rows that ended.
SELECT {row}
  FROM (SELECT * FROM files f
         WHERE f.folder_id = %(folder)s AND f.last_version IS NOT NULL
           AND f.last_version < %(version)s AND f.last_version <= %(last)s
           AND (f.last_version < %(last)s OR f.path_key > %(after)s) AND {matching}
           AND {is_last}
         ORDER BY f.last_version DESC, f.path_key
         LIMIT %(limit)s) AS f
 CROSS JOIN LATERAL ({states}) AS s
 ORDER BY f.last_version DESC, f.path_key;

-- sparse
-- Both in one pass over all rows, in the same order, which the server's processes share: for
-- patterns that match seldom. (OFFSET 0: or else the planner counts on the first matches to come
-- soon, and goes row by row along the primary key.)
SELECT {row}
  FROM (SELECT *
          FROM (SELECT f.*, CASE WHEN {at_version} THEN {no_last} ELSE f.last_version END AS rank
                  FROM files f
                 WHERE f.folder_id = %(folder)s AND f.first_version <= %(version)s AND {matching}
                   AND (NOT %(only)s OR {at_version})
                OFFSET 0) AS f
         WHERE (f.rank < %(last)s OR f.rank = %(last)s AND f.path_key > %(after)s)
           AND (f.rank = {no_last} OR {is_last})
         ORDER BY f.rank DESC, f.path_key
         LIMIT %(limit)s) AS f
 CROSS JOIN LATERAL ({states}) AS s
 ORDER BY f.rank DESC, f.path_key;

-- probe
-- Whether any of the next rows of a version matches.
SELECT EXISTS (
       SELECT FROM (SELECT * FROM files f
                     WHERE {at_version} AND f.path_key > %(after)s
                     ORDER BY f.path_key
                     LIMIT %(probed)s) AS f
        WHERE {matching});

-- row
-- The columns of a path that was found.
coalesce(f.long_path, f.path_key), f.kind, f.size, f.mtime_ns, {at_version}, f.last_version,
s.first, s.last;

-- is_last
-- No later version has the path.
NOT EXISTS (SELECT FROM files n
             WHERE n.folder_id = f.folder_id AND n.path_key = f.path_key
               AND n.first_version > f.first_version AND n.first_version <= %(version)s
            OFFSET 0);

-- no_last
-- Above the number of every version.
2147483647;

-- states
-- The first and the last version of each state of the same path, up to the newest finished version.
SELECT array_agg(e.first_version ORDER BY e.first_version) AS first,
       array_agg(least(e.last_version, %(newest)s) ORDER BY e.first_version) AS last
  FROM files e
 WHERE e.folder_id = f.folder_id AND e.path_key = f.path_key AND e.first_version <= %(newest)s;

-- folders
-- The folders with a finished version, those whose newest is the latest first, with that version.
SELECT f.id, f.name, s.version
  FROM folders f
  JOIN LATERAL (SELECT version, finished_at FROM snapshots
                 WHERE folder_id = f.id AND state <> {version.building}
                 ORDER BY version DESC
                 LIMIT 1) AS s ON true
 WHERE %(folder)s::int8 IS NULL OR f.id = %(folder)s
 ORDER BY s.finished_at DESC NULLS LAST, f.id;

-- is_finished
-- Whether a folder has a finished version of a number.
SELECT EXISTS (SELECT FROM snapshots
                WHERE folder_id = %(folder)s AND version = %(version)s
                  AND state <> {version.building});
