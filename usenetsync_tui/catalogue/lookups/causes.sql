-- words
-- A reason without the names of articles, so that equal reasons have equal texts.
regexp_replace({words}, '<[^<>[:space:]]+>|\m[0-9a-f]{32}\M', '…', 'g');

-- latest
-- The latest job of a folder, and whether it is a restore (the ledger lacks most of its findings).
SELECT id, verb = 'restore' FROM jobs WHERE folder_id = %(folder)s ORDER BY id DESC LIMIT 1;

-- given_up
-- Why articles of a folder are not posted, or lost: the reasons in the ledger.
SELECT status, {words} AS words, server, sum(n)::int8 AS total
  FROM (SELECT s.status, coalesce(s.error, '') AS error, coalesce(s.server, '') AS server,
               count(*) AS n
          FROM objects o JOIN segments s ON s.object_id = o.id AND s.status IN {segment.absent}
         WHERE o.folder_id = %(folder)s AND NOT o.complete
         GROUP BY s.status, s.error, s.server) AS raw
 GROUP BY status, words, server
 ORDER BY total DESC, words
 LIMIT %(limit)s;

-- told
-- Why files are incomplete, from a job's notices; about articles only what the ledger lacks.
SELECT kind, {words} AS words, sum(n)::int8 AS total
  FROM (SELECT kind, reason AS error, count(*) AS n
          FROM notices WHERE job_id = %(job)s AND kind NOT IN {notice.harmless}
         GROUP BY kind, reason) AS raw
 WHERE %(alone)s OR kind NOT IN {notice.of_articles}
    OR kind = {notice.unposted} AND {words} <> ALL (%(said)s::text[])
 GROUP BY kind, words
 ORDER BY total DESC, words
 LIMIT %(limit)s;

-- told_of
-- The paths for which a job recorded a reason, after a path.
SELECT DISTINCT path
  FROM notices
 WHERE job_id = %(job)s AND kind = %(kind)s
   AND (reason = %(reason)s OR %(cut)s AND {words} = %(reason)s)
   AND (%(after)s::bytea IS NULL OR path > %(after)s)
 ORDER BY path
 LIMIT %(limit)s;

-- given_up_of
-- The paths of current files that lack an article for a reason, after a path.
SELECT DISTINCT coalesce(f.long_path, f.path_key) AS path
  FROM objects o
  JOIN files f ON f.folder_id = o.folder_id AND f.object_id = o.id AND f.last_version IS NULL
              AND f.path_key BETWEEN o.first_key AND o.last_key
 WHERE o.folder_id = %(folder)s AND NOT o.complete
   AND (%(after)s::bytea IS NULL OR coalesce(f.long_path, f.path_key) > %(after)s)
   AND EXISTS (SELECT FROM segments s
                WHERE s.object_id = o.id AND s.status = %(status)s
                  AND coalesce(s.server, '') = %(server)s
                  AND (s.error IS NULL AND %(reason)s = '' OR s.error = %(reason)s
                       OR %(cut)s AND {words} = %(reason)s))
 ORDER BY path
 LIMIT %(limit)s;
