-- names
-- The known names of a folder's owners.
SELECT is_group, number, name FROM owner_names WHERE folder_id = %(folder)s;

-- add
-- Names; a newer one replaces an older one.
INSERT INTO owner_names (folder_id, is_group, number, name)
SELECT %(folder)s, u.is_group, u.number, u.name
  FROM unnest(%(groups)b::bool[], %(numbers)b::int8[], %(names)b::bytea[])
       AS u(is_group, number, name)
    ON CONFLICT (folder_id, is_group, number) DO UPDATE SET name = excluded.name
 WHERE owner_names.name <> excluded.name;

-- of_changes
-- User and group of the rows that a version added. (The condition on 1 is that of the index
-- files_begun.)
SELECT DISTINCT uid, gid FROM files
 WHERE folder_id = %(folder)s AND first_version = %(version)s AND first_version > 1;

-- of_version
-- User and group of all that a version has.
SELECT DISTINCT uid, gid FROM files
 WHERE folder_id = %(folder)s AND first_version <= %(version)s
   AND (last_version IS NULL OR last_version >= %(version)s);

-- xattrs_of_changes
-- The extended attributes of the rows that a version added.
SELECT x.value FROM xattrs x
 WHERE x.digest IN (SELECT xattrs FROM files
                     WHERE folder_id = %(folder)s AND first_version = %(version)s
                       AND first_version > 1 AND xattrs IS NOT NULL);

-- xattrs_of_version
-- The extended attributes of all that a version has.
SELECT x.value FROM xattrs x
 WHERE x.digest IN (SELECT xattrs FROM files
                     WHERE folder_id = %(folder)s AND first_version <= %(version)s
                       AND (last_version IS NULL OR last_version >= %(version)s)
                       AND xattrs IS NOT NULL);
