-- carry_over
-- Copy to the next upload the files held, or left out of the version that it continues.
INSERT INTO notices (job_id, kind, path, reason)
SELECT %(job)s, n.kind, n.path, n.reason
  FROM notices n JOIN jobs was ON was.id = n.job_id
 WHERE was.id = (SELECT max(id) FROM jobs
                  WHERE folder_id = %(folder)s AND verb = 'upload' AND id < %(job)s)
   AND n.kind = %(kind)s
   AND (n.reason = %(held)s OR was.version = (SELECT version FROM jobs WHERE id = %(job)s));

-- forget
-- Forget files left out of another version; held ones stay.
DELETE FROM notices n USING jobs j
 WHERE j.id = %(id)s AND n.job_id = j.id AND n.kind = %(kind)s AND n.reason <> %(held)s
   AND j.version IS DISTINCT FROM %(version)s;

-- any
-- Whether the user leaves anything out.
SELECT EXISTS (SELECT FROM notices WHERE job_id = %(job)s AND kind = %(kind)s);

-- among
-- Which of some paths the user leaves out, with the reason.
SELECT path, min(reason) FROM notices
 WHERE job_id = %(job)s AND sha256(path) IN (SELECT sha256(p) FROM unnest(%(paths)b::bytea[]) AS p)
   AND kind = %(kind)s
 GROUP BY path;

-- clear
-- Leave out nothing any more.
DELETE FROM notices WHERE job_id = %(job)s AND kind = %(kind)s;

-- delete_notices
-- Delete a job's notices about these paths.
DELETE FROM notices
 WHERE job_id = %(job)s AND sha256(path) IN (SELECT sha256(p) FROM unnest(%(paths)b::bytea[]) AS p)
RETURNING kind;

-- pending
-- Which of some files of a folder are still to be read.
SELECT now.path_key
  FROM unnest(%(keys)b::bytea[]) AS u(path_key)
 CROSS JOIN LATERAL (
       SELECT c.path_key FROM files c
        WHERE c.folder_id = %(folder)s AND c.path_key = u.path_key AND c.last_version IS NULL
          AND c.state = {file.pending}
       OFFSET 0) AS now;
