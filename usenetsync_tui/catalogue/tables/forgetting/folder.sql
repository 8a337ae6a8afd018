-- forget_index
-- A removed folder has no runs and no roots.
DELETE FROM index_runs WHERE folder_id = %(folder)s;

-- forget_roots
-- The same of its roots.
DELETE FROM index_roots WHERE folder_id = %(folder)s;

-- forget_pages
-- The same of pages without an object.
DELETE FROM index_pages WHERE folder_id = %(folder)s;

-- forget_sweeps
-- The places of its sweeps.
DELETE FROM sweeps WHERE folder_id = %(folder)s;

-- forget_notices
-- What its jobs noted.
DELETE FROM notices n USING jobs j WHERE n.job_id = j.id AND j.folder_id = %(folder)s;

-- forget_jobs
-- Its jobs, the one that removes it among them.
DELETE FROM jobs WHERE folder_id = %(folder)s;

-- forget_vanished
-- What the walk of a version under construction did not find.
DELETE FROM vanished WHERE folder_id = %(folder)s;

-- forget_exclusions
-- What the filters left out of its versions.
DELETE FROM exclusions WHERE folder_id = %(folder)s;

-- forget_mounts
-- The file systems that it was read from.
DELETE FROM mounts WHERE folder_id = %(folder)s;

-- forget_owners
-- The names of users and groups in its versions.
DELETE FROM owner_names WHERE folder_id = %(folder)s;

-- forget_places
-- The numbers of the realms in its index.
DELETE FROM index_realms WHERE folder_id = %(folder)s;

-- forget_versions
-- The notes of its forgotten versions.
DELETE FROM forgotten_versions WHERE folder_id = %(folder)s;

-- forget_candidates
-- The notes of its objects: all are deleted.
DELETE FROM forgotten_objects WHERE folder_id = %(folder)s;

-- forget_packs
-- The packs that were to be written again.
DELETE FROM worn_packs WHERE folder_id = %(folder)s;

-- leave_headers
-- Its headers can go.
UPDATE folders SET headers_id = NULL WHERE id = %(folder)s;

-- forget_headers
-- All headers that it ever had.
DELETE FROM headers WHERE folder_id = %(folder)s;

-- own_realms
-- The realms with a key of its own, by its path: that of its index has a zero byte and more. The
-- newest first: it continues the others.
SELECT r.id FROM realms r JOIN folders f ON f.id = %(folder)s
 WHERE r.owner IS NOT NULL
   AND (r.owner = f.path
        OR substring(r.owner FOR length(f.path) + 1) = f.path || '\x00'::bytea)
   AND NOT EXISTS (SELECT FROM segments s WHERE s.realm_id = r.id)
 ORDER BY r.id DESC;

-- forget_folder
-- The folder itself.
DELETE FROM folders WHERE id = %(folder)s;

-- forget_realms
-- Its keys: without them nobody opens what stays on Usenet, except with the recovery string.
DELETE FROM realms WHERE id = ANY(%(realms)b::int8[]);
