-- under_way
-- The sweep of this kind that a folder's verify did not finish.
SELECT {sweep_row.columns}
  FROM sweeps
 WHERE folder_id = %(folder)s AND bodies = %(bodies)s AND sample = %(sample)s
   AND finished_at IS NULL;

-- begin
-- A new sweep; of a sample, the part after the last one that was finished.
INSERT INTO sweeps (folder_id, bodies, sample, job_id, object_id, segment_index, redundancy,
                    checked, missing, damaged, unknown, why_unknown, done_files, done_bytes,
                    lost_bytes)
VALUES (%(folder)s, %(bodies)s, %(sample)s, %(job)s, 0, -1, 0, %(lost)s, %(missing)s, %(damaged)s,
        0, '', 0, 0, 0)
    ON CONFLICT (folder_id, bodies, sample) DO UPDATE
   SET part = mod(sweeps.part + 1, sweeps.sample), job_id = excluded.job_id, began_at = now(),
       finished_at = NULL, object_id = excluded.object_id,
       segment_index = excluded.segment_index, redundancy = excluded.redundancy,
       checked = excluded.checked, missing = excluded.missing, damaged = excluded.damaged,
       unknown = 0, why_unknown = '', done_files = 0, done_bytes = 0, lost_bytes = 0
RETURNING {sweep_row.columns};

-- take_over
-- Another job continues a sweep: the notices of what was found so far are its own from now on.
WITH moved AS (
    UPDATE notices n SET job_id = %(job)s
      FROM sweeps s
     WHERE s.folder_id = %(folder)s AND s.bodies = %(bodies)s AND s.sample = %(sample)s
       AND n.job_id = s.job_id AND n.kind IN {notice.of_sweeps})
UPDATE sweeps SET job_id = %(job)s
 WHERE folder_id = %(folder)s AND bodies = %(bodies)s AND sample = %(sample)s;

-- advance
-- Record how far a sweep is, and what it has found so far.
UPDATE sweeps
   SET object_id = %(object_id)s, segment_index = %(index)s, redundancy = %(redundancy)s,
       checked = %(checked)s, missing = %(missing)s, damaged = %(damaged)s,
       unknown = %(unknown)s, why_unknown = %(why_unknown)s, done_files = %(done_files)s,
       done_bytes = %(done_bytes)s, lost_bytes = %(lost_bytes)s
 WHERE folder_id = %(folder)s AND bodies = %(bodies)s AND sample = %(sample)s;

-- finish
-- A sweep is over, its repair included: the next one starts from the beginning.
UPDATE sweeps SET finished_at = now()
 WHERE folder_id = %(folder)s AND bodies = %(bodies)s AND sample = %(sample)s;

-- objects
-- The objects of a folder from an id on, and how many files each holds.
SELECT id, files
  FROM objects WHERE folder_id = %(folder)s AND id >= %(first)s ORDER BY id LIMIT %(limit)s;

-- keys
-- The ranges of the keys of the files of some objects, if they belong to the folder.
SELECT id, first_key, last_key
  FROM objects WHERE id = ANY(%(objects)b::int8[]) AND folder_id = %(folder)s;

-- posted_articles
-- The next posted articles of some objects, after a copy of a segment. Object by object, so that the
-- index gives them in order, however many segments an object has. Of a sample, those whose
-- Message-ID, which is random, falls into the part.
SELECT found.*
  FROM (SELECT id FROM unnest(%(objects)b::int8[]) AS u(id) WHERE id >= %(object)s ORDER BY id) AS o
 CROSS JOIN LATERAL (
       SELECT {segment_row.columns}
         FROM segments
        WHERE object_id = o.id AND status IN {segment.there}
          AND (segment_index, redundancy) > (
              CASE WHEN o.id = %(object)s THEN %(index)s ELSE -1 END,
              CASE WHEN o.id = %(object)s THEN %(redundancy)s ELSE 0 END)
          AND (%(sample)s = 1
               OR mod(get_byte(message_id, 0) * 65536 + get_byte(message_id, 1) * 256
                      + get_byte(message_id, 2), %(sample)s) = %(part)s)
        ORDER BY segment_index, redundancy
        LIMIT %(limit)s) AS found
 ORDER BY o.id, found.segment_index, found.redundancy
 LIMIT %(limit)s;

-- total
-- Source bytes of the posted articles of a folder, each copy counted, and the files of its objects.
SELECT (SELECT coalesce(sum(o.size * o.copies), 0) FROM objects o
         WHERE o.folder_id = %(folder)s AND o.complete)::bigint
     + (SELECT coalesce(sum(s.size), 0)
          FROM objects o JOIN segments s ON s.object_id = o.id AND s.status IN {segment.there}
         WHERE o.folder_id = %(folder)s AND NOT o.complete)::bigint,
       (SELECT coalesce(sum(o.files), 0) FROM objects o WHERE o.folder_id = %(folder)s)::bigint;
