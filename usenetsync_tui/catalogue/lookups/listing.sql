-- page
-- The rows of a list from a key on, with the progress of their objects.
SELECT {version_row.columns}
  FROM (SELECT * FROM files f WHERE {matching} ORDER BY {order} LIMIT %(limit)s) AS f
  LEFT JOIN objects o ON o.id = f.object_id
 ORDER BY {order};

-- key_size
-- The sort key of rows of `files f` by size: directories and links have no size.
(CASE f.kind WHEN {kind.regular} THEN f.size ELSE -1 END);

-- directory
-- The key of every n-th row of a list, so that each row number has its page.
SELECT coalesce(f.long_path, f.path_key), {key_size}, f.n
  FROM (SELECT f.long_path, f.path_key, f.kind, f.size,
               row_number() OVER (ORDER BY {order}) - 1 AS n
          FROM files f WHERE {matching}) AS f
 WHERE f.n %% %(page)s = 0
 ORDER BY f.n;

-- count_from
-- The number of rows of a list from a key on, up to a limit.
SELECT count(*) FROM (SELECT FROM files f WHERE {matching} LIMIT %(limit)s) AS counted;

-- limited_directory
-- As `directory`, for a slow list: only its first rows, and their number.
SELECT coalesce(f.long_path, f.path_key), {key_size}, f.n, f.counted
  FROM (SELECT f.*, row_number() OVER (ORDER BY {order}) - 1 AS n, count(*) OVER () AS counted
          FROM (SELECT f.long_path, f.path_key, f.kind, f.size
                  FROM files f WHERE {matching} ORDER BY {order} LIMIT %(limit)s) AS f) AS f
 WHERE f.n %% %(page)s = 0
 ORDER BY f.n;

-- waiting
-- Keys of files whose objects lack articles, up to a limit. They are few, unless a store fails.
SELECT f.path_key
  FROM objects o
 CROSS JOIN LATERAL (
       SELECT c.path_key FROM files c
        WHERE c.folder_id = o.folder_id AND c.object_id = o.id
          AND c.path_key BETWEEN o.first_key AND o.last_key
       OFFSET 0) AS f
 WHERE o.folder_id = %(folder)s AND NOT o.complete
 LIMIT %(limit)s;
