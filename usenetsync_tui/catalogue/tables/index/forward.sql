-- lock_folder
-- No job of the folder begins until the transaction ends: its row refers to the folder's.
SELECT FROM folders WHERE id = %(folder)s FOR UPDATE;

-- open_job
-- Whether a job of a folder waits or runs.
SELECT EXISTS (SELECT FROM jobs WHERE folder_id = %(folder)s AND state IN {job.open});

-- forget_building
-- Delete what a version under construction has, the one after `version`. (Each statement here is
-- run alone, in this order.)
DELETE FROM files WHERE folder_id = %(folder)s AND first_version > %(version)s;

-- reopen
-- What it had ended continues.
UPDATE files SET last_version = NULL
 WHERE folder_id = %(folder)s AND last_version >= %(version)s;

-- forget_vanished
-- What its walk did not find.
DELETE FROM vanished WHERE folder_id = %(folder)s;

-- forget_snapshot
-- The version itself.
DELETE FROM snapshots WHERE folder_id = %(folder)s AND version > %(version)s;

-- forget_objects
-- Objects that were made for it: no file of another version uses them.
WITH unused AS (
    DELETE FROM objects o
     WHERE o.folder_id = %(folder)s AND o.kind <> {object.index} AND NOT EXISTS (
           SELECT FROM files f
            WHERE f.folder_id = o.folder_id AND f.object_id = o.id
              AND f.path_key BETWEEN o.first_key AND o.last_key)
 RETURNING o.id)
DELETE FROM segments s USING unused u WHERE s.object_id = u.id;

-- last_own
-- The highest number of the folder's objects, pages of its index apart.
SELECT coalesce(max(id), %(offset)s) FROM objects
 WHERE folder_id = %(folder)s AND kind <> {object.index};

-- collides
-- Whether numbers that the other machine may have given to objects are in use by other folders.
SELECT EXISTS (SELECT FROM objects
                WHERE id > %(last)s AND id < %(end)s AND folder_id <> %(folder)s);

-- advance
-- Nobody else takes the numbers of objects below `end`.
SELECT setval('object_ids', greatest(
           %(end)s, (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM object_ids)));

-- shift_pages
-- Pages of the folder's index make room: no run refers to them by their numbers.
WITH moved AS MATERIALIZED (
    SELECT id AS old, nextval('object_ids') AS new FROM objects
     WHERE id > %(last)s AND id < %(end)s AND folder_id = %(folder)s AND kind = {object.index}),
of_segments AS (
    UPDATE segments s SET object_id = m.new FROM moved m WHERE s.object_id = m.old),
of_pages AS (
    UPDATE index_pages p SET object_id = m.new FROM moved m WHERE p.object_id = m.old),
of_roots AS (
    UPDATE index_roots r SET object_id = m.new FROM moved m
     WHERE r.folder_id = %(folder)s AND r.object_id = m.old)
UPDATE objects o SET id = m.new FROM moved m WHERE o.id = m.old;

-- shift_segments
-- Give a folder's objects other numbers, all moved by the same distance.
UPDATE segments s SET object_id = s.object_id + %(by)s
  FROM objects o
 WHERE o.folder_id = %(folder)s AND o.kind <> {object.index} AND s.object_id = o.id;

-- shift_files
-- The same in its files.
UPDATE files SET object_id = object_id + %(by)s
 WHERE folder_id = %(folder)s AND object_id IS NOT NULL;

-- shift_objects
-- The same of the objects.
UPDATE objects SET id = id + %(by)s WHERE folder_id = %(folder)s AND kind <> {object.index};

-- forget_sweeps
-- Where sweeps of verify are does not hold any more: they begin again.
DELETE FROM sweeps WHERE folder_id = %(folder)s;

-- renew
-- A realm that another one continues; nothing is posted there any more.
UPDATE realms SET renewed = true WHERE id = %(realm)s AND owner IS NOT NULL;

-- continue
-- A folder as another machine has backed it up since.
UPDATE folders
   SET realm_id = %(realm)s, compression = %(compression)s, copies = %(copies)s,
       own_files = %(own_files)s, ignore_inode = %(ignore_inode)s,
       unstable_inodes = %(unstable_inodes)s, object_offset = %(offset)s,
       adopted_version = %(version)s
 WHERE id = %(folder)s;

-- widen
-- Objects that other files use by now, too: the keys of their files lie further apart.
UPDATE objects o
   SET files = f.files, first_key = f.first_key, last_key = f.last_key
  FROM (SELECT object_id, count(*)::int AS files, min(path_key) AS first_key,
               max(path_key) AS last_key
          FROM files WHERE folder_id = %(folder)s AND object_id IS NOT NULL
         GROUP BY object_id) AS f
 WHERE o.id = f.object_id AND o.folder_id = %(folder)s
   AND (o.first_key > f.first_key OR o.last_key < f.last_key);

-- wear
-- How much the keys have sealed: what is loaded comes on top of what was sealed here.
UPDATE realms r SET sealed = r.sealed + 2 * made.units
  FROM (SELECT s.realm_id, sum(1 + (s.payload_size - 1) / 1048576)::bigint AS units
          FROM adopted_objects a JOIN segments s ON s.object_id = a.object_id
         GROUP BY s.realm_id) AS made
 WHERE made.realm_id = r.id AND r.owner IS NOT NULL;
