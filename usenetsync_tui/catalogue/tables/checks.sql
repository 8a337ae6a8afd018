-- due
-- Posted articles of a realm whose check is due, those that wait longest first. One that is due
-- later than the longest delay was recorded by a clock that has been set back since.
(SELECT {segment_row.columns}, checks
   FROM segments
  WHERE realm_id = %(realm)s AND status = {segment.posted}
    AND check_at > now() + %(longest)s::float8 * interval '1 second'
  ORDER BY check_at
  LIMIT %(limit)s)
UNION ALL
(SELECT {segment_row.columns}, checks
   FROM segments
  WHERE realm_id = %(realm)s AND status = {segment.posted} AND check_at <= now()
  ORDER BY check_at
  LIMIT %(limit)s)
 LIMIT %(limit)s;

-- next_due
-- Seconds until the next check of a realm's posted article.
SELECT CASE WHEN EXISTS (
                SELECT FROM segments
                 WHERE realm_id = %(realm)s AND status = {segment.posted}
                   AND check_at > now() + %(longest)s::float8 * interval '1 second')
            THEN 0
            ELSE (SELECT extract(epoch FROM min(check_at) - now())::float8 FROM segments
                   WHERE realm_id = %(realm)s AND status = {segment.posted}
                     AND check_at IS NOT NULL)
       END::float8;

-- waits
-- Whether a posted article of a realm waits for its check for longer than the given seconds.
SELECT EXISTS (SELECT FROM segments
                WHERE realm_id = %(realm)s AND status = {segment.posted}
                  AND check_at > now() + %(seconds)s::float8 * interval '1 second');

-- postpone
-- Not readable yet: check again, later each time.
UPDATE segments s SET checks = s.checks + 1,
       check_at = now() + u.delay * interval '1 second'
  FROM unnest(%(message_ids)b::bytea[], %(delays)b::float8[]) AS u(message_id, delay)
 WHERE s.message_id = u.message_id AND s.status = {segment.posted}
   AND (s.check_at <= now() OR s.check_at > now() + %(longest)s::float8 * interval '1 second');

-- check_later
-- No clear answer: check again after others; this check does not count.
UPDATE segments SET check_at = now() + %(delay)s::float8 * interval '1 second'
 WHERE message_id = ANY(%(message_ids)b::bytea[]) AND status = {segment.posted}
   AND check_at IS NOT NULL;

-- database_clock
-- The database's clock, in seconds.
SELECT extract(epoch FROM clock_timestamp())::float8;

-- bring_forward
-- The clock was set back by the given seconds: make waiting checks due that much earlier.
UPDATE segments SET check_at = check_at - %(seconds)s::float8 * interval '1 second'
 WHERE realm_id = %(realm)s AND status = {segment.posted} AND check_at > now();

-- unverified
-- The number of a folder's posted articles in a realm that wait for their check.
SELECT count(DISTINCT s.message_id)
  FROM segments s JOIN objects o ON o.id = s.object_id
 WHERE s.realm_id = %(realm)s AND s.status = {segment.posted} AND s.check_at IS NOT NULL
   AND o.folder_id = %(folder)s;

-- lost_articles
-- How many articles of a folder are known to be lost or damaged, and how many of these are damaged.
SELECT count(DISTINCT s.message_id),
       count(DISTINCT s.message_id) FILTER (WHERE s.error = %(damaged)s)
  FROM objects o JOIN segments s ON s.object_id = o.id
   AND (s.status = {segment.missing} OR s.status = {segment.failed} AND s.reposts > 0)
 WHERE o.folder_id = %(folder)s AND NOT o.complete;

-- missing
-- The number of a folder's articles that were posted in a realm and are missing now.
SELECT count(DISTINCT s.message_id)
  FROM objects o JOIN segments s ON s.object_id = o.id AND s.status = {segment.missing}
 WHERE o.folder_id = %(folder)s AND o.realm_id = %(realm)s AND NOT o.complete;

-- lacking
-- The number of articles of a folder's objects in a realm that are not posted, and of those whose
-- source has not changed as far as the catalogue knows.
SELECT count(DISTINCT s.message_id),
       count(DISTINCT s.message_id) FILTER (WHERE s.status <> {segment.stale})
  FROM objects o JOIN segments s ON s.object_id = o.id AND s.status NOT IN {segment.there}
 WHERE o.folder_id = %(folder)s AND o.realm_id = %(realm)s AND NOT o.complete;

-- lost_by_version
-- The number of articles that each finished version of a folder lacks.
SELECT v.version, count(*)
  FROM snapshots v
  JOIN LATERAL (
       SELECT DISTINCT o.id
         FROM objects o
         JOIN files f ON f.folder_id = o.folder_id AND f.object_id = o.id
                     AND f.path_key BETWEEN o.first_key AND o.last_key
        WHERE o.folder_id = v.folder_id AND NOT o.complete AND f.first_version <= v.version
          AND (f.last_version IS NULL OR f.last_version >= v.version)) AS hurt ON true
  JOIN segments s ON s.object_id = hurt.id AND s.status NOT IN {segment.there}
 WHERE v.folder_id = %(folder)s AND v.state <> {version.building}
 GROUP BY v.version
 ORDER BY v.version;
