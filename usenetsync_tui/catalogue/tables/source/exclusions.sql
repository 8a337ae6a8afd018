-- clear
-- Forget what the version under construction leaves out, when a walk begins.
DELETE FROM exclusions WHERE folder_id = %(folder)s AND version >= %(version)s;

-- add
-- Paths that a version leaves out, with their rules.
INSERT INTO exclusions (folder_id, version, path_key, rule, place)
SELECT %(folder)s, %(version)s, u.path_key, u.rule, u.place
  FROM unnest(%(keys)b::bytea[], %(rules)s::text[], %(places)s::text[])
       AS u(path_key, rule, place)
    ON CONFLICT DO NOTHING;

-- among
-- The rules of some paths, in the versions from which on they are left out.
SELECT version, path_key, rule, place FROM exclusions
 WHERE folder_id = %(folder)s AND version > %(older)s AND version <= %(newer)s
   AND path_key = ANY(%(keys)b::bytea[]);
