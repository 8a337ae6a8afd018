-- page
-- The entries of one directory from a key on, with the progress of their objects.
WITH RECURSIVE {steps}
SELECT {version_row.columns}
  FROM (SELECT path_key, first_version FROM step WHERE is_child LIMIT %(limit)s) AS child
  JOIN files f ON f.folder_id = %(folder)s AND f.path_key = child.path_key
              AND f.first_version = child.first_version
  LEFT JOIN objects o ON o.id = f.object_id
 ORDER BY f.path_key;

-- directory
-- The key of every n-th entry of one directory from a key on, and their number, up to a limit.
WITH RECURSIVE {steps}
SELECT path, n, counted
  FROM (SELECT path, row_number() OVER (ORDER BY path_key) - 1 AS n, count(*) OVER () AS counted
          FROM (SELECT path, path_key FROM step WHERE is_child LIMIT %(limit)s) AS child) AS child
 WHERE n %% %(page)s = 0
 ORDER BY n;

-- steps
-- The rows of a version from one entry of a directory to the next, past all that is below an entry:
-- each costs one descent of the index. Entries with the head of a long path have no order of their
-- own, so those are read one by one. (An entry of the directory has no slash in its name, but one at
-- its end if it is a directory.)
step AS (
    {first}
    UNION ALL
    SELECT following.*
      FROM step
     CROSS JOIN LATERAL ({next}) AS following);

-- row
-- The first row of a version from a key on, inside a directory; whether it is an entry of it, and
-- where the next one may begin.
SELECT found.path_key, found.first_version, found.path,
       (found.slash = 0 OR found.slash = octet_length(found.path) - %(depth)s) AS is_child,
       CASE WHEN found.slash = 0 OR %(depth)s + found.slash > %(head)s
            THEN found.path_key || '\x00'::bytea
            ELSE substr(found.path, 1, %(depth)s + found.slash - 1) || '\x30'::bytea  -- after "/"
        END AS next_key
  FROM (SELECT f.path_key, f.first_version, coalesce(f.long_path, f.path_key) AS path,
               position('\x2f'::bytea IN
                        substr(coalesce(f.long_path, f.path_key), %(depth)s + 1)) AS slash
          FROM files f
         WHERE {at_version} AND f.path_key >= {from} AND {below}
         ORDER BY f.path_key
         LIMIT 1) AS found;

-- below
-- Rows inside a directory: its keys, and of long paths with the same head those that are its own.
f.path_key > %(within)s AND (%(until)s::bytea IS NULL OR f.path_key < %(until)s)
AND substr(coalesce(f.long_path, f.path_key), 1, %(depth)s) = %(under)s
AND coalesce(f.long_path, f.path_key) <> %(under)s;
