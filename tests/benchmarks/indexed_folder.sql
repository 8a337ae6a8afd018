-- A folder of made-up files that was backed up: names and sizes log-normal, folders in two levels of
-- 40 and 30, files of up to 50,000 bytes in packs, every article there. Each version after the first
-- changes some files; one of 20 of them is removed, and one added. The server makes the rows.
-- Formatted with the ids of folder and realm, and with the numbers of files, versions, changes.

SELECT setseed(0.5);

CREATE TEMPORARY TABLE named AS
SELECT n, convert_to(left(translate(lower(encode(sha512(n::text::bytea), 'base64')), E'/+=\n', '-_ '),
                          greatest(3, exp(random_normal(2.8, 0.5))::int))
           || (ARRAY['.jpg', '.txt', '.py', '', '.pdf'])[1 + n % 5], 'UTF8') AS name
  FROM generate_series(0, 19999) AS n;
ANALYZE named;

CREATE TEMPORARY TABLE made AS
SELECT row_number() OVER (ORDER BY path) AS n, path, above, folder,
       least(greatest(1, exp(random_normal(9, 2))), 1e11)::int8 AS size
  FROM (SELECT above, above || s.name || convert_to(to_hex(i / 30), 'UTF8') || '/'::bytea AS folder,
               above || s.name || convert_to(to_hex(i / 30) || '/', 'UTF8') || f.name
               || convert_to(to_hex(i % 30), 'UTF8') AS path
          FROM (SELECT i, o.name || convert_to(to_hex(i / 1200) || '/', 'UTF8') AS above
                  FROM generate_series(0, {files} - 1) AS i
                  JOIN named o ON o.n = i / 1200 % 20000) AS a
          JOIN named s ON s.n = i / 30 * 7 % 20000
          JOIN named f ON f.n = i::int8 * 31 % 20000) AS p;

CREATE TEMPORARY TABLE placed AS
SELECT n, path, size, before, CASE WHEN size > 50000 THEN -n ELSE before / 768000 END AS thing
  FROM (SELECT *, coalesce(sum(CASE WHEN size > 50000 THEN 0 ELSE size END)
                           OVER (ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
                           0)::int8 AS before
          FROM made) AS m;
ANALYZE placed;

CREATE TEMPORARY TABLE things AS
SELECT row_number() OVER (ORDER BY min(n)) AS id, thing, count(*)::int AS files,
       sum(size)::int8 AS size, min(before) AS before, min(path) AS first_key,
       max(path) AS last_key
  FROM placed GROUP BY thing;
ANALYZE things;

CREATE TEMPORARY TABLE changes AS
SELECT 2 + i % ({versions} - 1) AS version, i, p.*
  FROM generate_series(0, ({versions} - 1) * {changes} - 1) AS i
  JOIN placed p ON p.n = 1 + i * greatest(1, {files} / (({versions} - 1) * {changes}));
ANALYZE changes;

INSERT INTO files (folder_id, path_key, first_version, last_version, kind, state, mode, uid, gid,
                   size, mtime_ns, ctime_ns, inode, object_id, object_offset, digest, digest_kind)
SELECT {folder}, path, 1, version - 1, kind, 1, mode, 1000, 1000, size, 1600000000000000000 + time,
       time, inode, id, at, digest, digest_kind
  FROM (SELECT p.path, c.version, 0 AS kind, 420 AS mode, p.size, p.n + p.n % 7 AS inode, t.id,
               p.n * 1000000007 % 300000000000000 AS time,
               CASE WHEN t.thing < 0 THEN 0 ELSE p.before - t.before END AS at,
               sha256(p.n::text::bytea) AS digest, CASE WHEN t.thing < 0 THEN 3 ELSE 1 END
               AS digest_kind
          FROM placed p JOIN things t USING (thing) LEFT JOIN changes c ON c.n = p.n
         UNION ALL
        SELECT path, NULL, 1, 493, 0, 0, NULL, 0, NULL, NULL, NULL
          FROM (SELECT ''::bytea AS path UNION SELECT above FROM made UNION SELECT folder FROM made)
               AS folders) AS every
 ORDER BY path;

INSERT INTO files (folder_id, path_key, first_version, kind, state, mode, uid, gid, size, mtime_ns,
                   ctime_ns, inode, object_id, object_offset, digest, digest_kind)
SELECT {folder}, CASE WHEN i % 20 = 1 THEN path || ' new'::bytea ELSE path END, version, 0, 1, 420,
       1000, 1000, 5000, 1700000000000000000 + i * 1000000007::int8,
       1700000000000000000 + i * 1000000007::int8, 10000000 + i,
       (SELECT max(id) FROM things) + version - 1, i / ({versions} - 1) * 5000,
       sha256((i || 'changed')::bytea), 1
  FROM changes WHERE i % 20 <> 0;

UPDATE files f SET last_version = NULL
  FROM changes c
 WHERE c.i % 20 = 1 AND f.folder_id = {folder} AND f.path_key = c.path AND f.first_version = 1;

INSERT INTO objects (id, folder_id, realm_id, kind, size, segment_size, segments, copies, posted,
                     files, first_key, last_key, complete)
SELECT id, {folder}, {realm}, CASE WHEN thing < 0 THEN 0 ELSE 1 END, size,
       CASE WHEN thing < 0 THEN 768000 ELSE size END, slices, 1, slices, files, first_key, last_key,
       true
  FROM (SELECT *, CASE WHEN thing < 0 THEN (size + 767999) / 768000 ELSE 1 END AS slices
          FROM things) AS t
 UNION ALL
SELECT object_id, {folder}, {realm}, 1, max(object_offset) + 5000, max(object_offset) + 5000, 1, 1, 1,
       count(*),
       min(path_key), max(path_key), true
  FROM files WHERE folder_id = {folder} AND first_version > 1 GROUP BY object_id;

INSERT INTO segments (object_id, segment_index, redundancy, realm_id, size, payload_size, hash,
                      codec, message_id, status, posted_at)
SELECT o.id, i, 0, o.realm_id, least(o.size - i * o.segment_size::int8, o.segment_size),
       least(o.size - i * o.segment_size::int8, o.segment_size),
       sha256(int8send(o.id) || int4send(i)), 0, uuid_send(gen_random_uuid()), 2, now()
  FROM objects o CROSS JOIN LATERAL generate_series(0, o.segments - 1) AS i
 WHERE o.folder_id = {folder};

INSERT INTO snapshots (folder_id, version, state, started_at, finished_at, files, size)
SELECT {folder}, v, 1, now(), now(), {files}, 1 FROM generate_series(1, {versions}) AS v;

SELECT setval('object_ids', (SELECT max(id) + 1 FROM objects));
