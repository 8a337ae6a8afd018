-- fill
-- A folder of %(files)s files in ten versions: in each of the later nine, 1 % changed, 0.2 % came
-- and 0.2 % went. A row is a file, or one state of a file that changed.
INSERT INTO files (folder_id, path_key, first_version, last_version, kind, state, mode, size,
                   mtime_ns, ctime_ns, inode, digest, digest_kind)
SELECT %(folder)s, f.path, s.first_version, s.last_version, 0, 1, 420, 1000 + f.n %% 5000000,
       1500000000000000000 + f.n, 1, f.n, sha256(f.path || int4send(s.first_version)), 1
  FROM (SELECT n, convert_to(format('%%s/%%s Urlaub/IMG_%%s.%%s', lpad((n / 100000)::text, 4, '0'),
                                    lpad((n / 500 %% 200)::text, 3, '0'), lpad(n::text, 8, '0'),
                                    CASE WHEN n %% 7 = 3 THEN 'xmp' ELSE 'CR3' END), 'utf8')
               AS path
          FROM generate_series(0, %(files)s - 1) AS n) AS f
 CROSS JOIN LATERAL (
       SELECT 1 AS first_version,
              CASE WHEN f.n %% 100 < 9 OR f.n %% 500 BETWEEN 10 AND 18
                   THEN f.n %% 500 %% 100 %% 10 + 1 END AS last_version
        WHERE f.n %% 500 NOT BETWEEN 110 AND 118
       UNION ALL
       SELECT f.n %% 100 + 2, NULL WHERE f.n %% 100 < 9
       UNION ALL
       SELECT f.n %% 500 - 110 + 2, NULL WHERE f.n %% 500 BETWEEN 110 AND 118) AS s;

-- versions
-- Ten finished versions with their counts.
INSERT INTO snapshots (folder_id, version, state, finished_at, files, size, stored_size)
SELECT %(folder)s, v, 1, now() - (10 - v) * interval '1 day', f.files, f.size, 0
  FROM generate_series(1, 10) AS v
 CROSS JOIN LATERAL (
       SELECT count(*) AS files, sum(size) AS size FROM files
        WHERE folder_id = %(folder)s AND first_version <= v
          AND (last_version IS NULL OR last_version >= v)) AS f;
