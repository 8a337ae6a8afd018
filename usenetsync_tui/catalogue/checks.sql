-- due
-- Posted articles of a realm that are to be looked for now, those that wait longest first.
SELECT object_id, segment_index, redundancy, size, hash, codec, payload_size, message_id, status,
       tries, error, realm_id, reposts, checks
  FROM segments
 WHERE realm_id = %(realm)s AND status = 2 AND check_at <= now()
 ORDER BY check_at
 LIMIT %(limit)s;

-- next_due
-- Seconds until the next posted article of a realm is to be looked for.
SELECT extract(epoch FROM min(check_at) - now())::float8 FROM segments
 WHERE realm_id = %(realm)s AND status = 2 AND check_at IS NOT NULL;

-- postpone
-- Not readable yet: to be looked for again, later each time.
UPDATE segments s SET checks = s.checks + 1,
       check_at = now() + u.delay * interval '1 second'
  FROM unnest(%(message_ids)b::bytea[], %(delays)b::float8[]) AS u(message_id, delay)
 WHERE s.message_id = u.message_id AND s.status = 2 AND s.check_at <= now();

-- missing
-- How many articles of a folder that were posted in a realm are missing now.
SELECT count(DISTINCT s.message_id)
  FROM objects o JOIN segments s ON s.object_id = o.id AND s.status = 4
 WHERE o.folder_id = %(folder)s AND o.realm_id = %(realm)s AND NOT o.complete;

-- lacking
-- How many articles of a folder's objects in a realm are not posted, and how many of them could be
-- made again as far as the catalogue knows.
SELECT count(DISTINCT s.message_id),
       count(DISTINCT s.message_id) FILTER (WHERE s.status <> 6)
  FROM objects o JOIN segments s ON s.object_id = o.id AND s.status NOT IN (2, 3)
 WHERE o.folder_id = %(folder)s AND o.realm_id = %(realm)s AND NOT o.complete;

-- lost_by_version
-- How many articles each finished version of a folder lacks.
SELECT v.version, count(*)
  FROM snapshots v
  JOIN LATERAL (
       SELECT DISTINCT o.id
         FROM objects o
         JOIN files f ON f.folder_id = o.folder_id AND f.object_id = o.id
                     AND f.path_key BETWEEN o.first_key AND o.last_key
        WHERE o.folder_id = v.folder_id AND NOT o.complete AND f.first_version <= v.version
          AND (f.last_version IS NULL OR f.last_version >= v.version)) AS hurt ON true
  JOIN segments s ON s.object_id = hurt.id AND s.status NOT IN (2, 3)
 WHERE v.folder_id = %(folder)s AND v.state <> 0
 GROUP BY v.version
 ORDER BY v.version;
