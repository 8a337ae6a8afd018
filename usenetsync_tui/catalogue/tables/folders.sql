-- all
-- Every folder with its realm, by name.
SELECT {folder_row.columns}, {realm_row.columns}
  FROM folders f JOIN realms r ON r.id = f.realm_id LEFT JOIN headers h ON h.id = f.headers_id
 ORDER BY f.name;

-- by_path
-- The folder at a path.
SELECT {folder_row.columns}, {realm_row.columns}
  FROM folders f JOIN realms r ON r.id = f.realm_id LEFT JOIN headers h ON h.id = f.headers_id
 WHERE f.path = %(path)s;

-- by_id
-- The folder with an id.
SELECT {folder_row.columns}, {realm_row.columns}
  FROM folders f JOIN realms r ON r.id = f.realm_id LEFT JOIN headers h ON h.id = f.headers_id
 WHERE f.id = %(id)s;

-- by_name
-- The folder with a name.
SELECT {folder_row.columns}, {realm_row.columns}
  FROM folders f JOIN realms r ON r.id = f.realm_id LEFT JOIN headers h ON h.id = f.headers_id
 WHERE f.name = %(name)s;

-- realm_by_id
-- One realm, with its first headers.
SELECT {realm_row.columns}
  FROM realms r LEFT JOIN headers h ON false
 WHERE r.id = %(id)s;

-- shared_realm
-- The realm of all folders that post with the same values, added on first use.
INSERT INTO realms (store, profile, domain, newsgroups, sender, obfuscated, dress, digest)
VALUES (%(store)s, %(profile)s, %(domain)s, %(newsgroups)s, %(sender)s, %(obfuscated)s, %(header_style)s,
        %(digest)s)
    ON CONFLICT (store, profile, newsgroups, sender, obfuscated, digest)
 WHERE owner IS NULL AND NOT adopted
    DO UPDATE SET store = excluded.store
RETURNING id;

-- owned_realm
-- The sealed realm of one folder, by the folder's path: a folder that returns to it finds its key
-- and its articles again. Its key stays until it is renewed, its digest stays for ever; its
-- newsgroups may change.
UPDATE realms SET newsgroups = %(newsgroups)s
 WHERE owner = %(owner)s AND store = %(store)s AND profile = %(profile)s AND NOT renewed
RETURNING id;

-- is_owned
-- Whether a folder has a sealed realm, by the folder's path.
SELECT EXISTS (SELECT FROM realms
                WHERE owner = %(owner)s AND store = %(store)s AND profile = %(profile)s);

-- insert_owned_realm
-- A new sealed realm with its wrapped key.
INSERT INTO realms (store, profile, domain, newsgroups, owner, wrapped_key, dress, digest)
VALUES (%(store)s, %(profile)s, %(domain)s, %(newsgroups)s, %(owner)s, %(wrapped_key)s, %(header_style)s,
        %(digest)s)
RETURNING id;

-- wrapped_keys
-- The keys of all sealed realms, the newest first.
SELECT wrapped_key FROM realms WHERE wrapped_key IS NOT NULL ORDER BY id DESC;

-- names_like
-- Names in use: the last part of a folder's path, or that with a number.
SELECT name FROM folders WHERE name = %(name)s OR starts_with(name, %(name)s || '-');

-- insert
-- A new folder.
INSERT INTO folders (path, name, realm_id, priority, compression, copies, own_files,
                     ignore_inode, exclude, exclude_files, exclude_if_present, exclude_caches,
                     exclude_larger_than, one_file_system)
VALUES (%(path)s, %(name)s, %(realm)s, %(priority)s, %(compression)s, %(copies)s, %(own_files)s,
        %(ignore_inode)s, %(exclude)s, %(exclude_files)s, %(exclude_if_present)s,
        %(exclude_caches)s, %(exclude_larger_than)s, %(one_file_system)s);

-- update
-- New choices for a folder.
UPDATE folders
   SET realm_id = %(realm)s, priority = %(priority)s, compression = %(compression)s,
       copies = %(copies)s, own_files = %(own_files)s, ignore_inode = %(ignore_inode)s,
       exclude = %(exclude)s, exclude_files = %(exclude_files)s,
       exclude_if_present = %(exclude_if_present)s, exclude_caches = %(exclude_caches)s,
       exclude_larger_than = %(exclude_larger_than)s, one_file_system = %(one_file_system)s
 WHERE id = %(id)s;

-- set_filters
-- What the versions of a folder leave out from now on.
UPDATE folders
   SET exclude = %(exclude)s, exclude_files = %(exclude_files)s,
       exclude_if_present = %(exclude_if_present)s, exclude_caches = %(exclude_caches)s,
       exclude_larger_than = %(exclude_larger_than)s, one_file_system = %(one_file_system)s
 WHERE id = %(id)s;

-- unstable_inodes
-- Reading has shown that inode numbers change by themselves; the next walk does not compare them.
UPDATE folders SET unstable_inodes = true WHERE id = %(id)s AND NOT unstable_inodes;

-- string_seen
-- The user sees the folder's recovery string.
UPDATE folders SET string_seen_at = now() WHERE id = %(id)s;

-- settle
-- The rows of an adopted folder have the inodes and times of this machine now.
UPDATE folders SET adopted_version = NULL WHERE id = %(id)s AND adopted_version IS NOT NULL;

-- stood
-- The inode number of the folder's directory, with the version that is finished now.
UPDATE folders SET root_inode = %(inode)s
 WHERE id = %(id)s AND root_inode IS DISTINCT FROM %(inode)s;

-- at_inode
-- The folders whose directory had an inode number, with the file system it was on.
SELECT f.id, m.type, m.uuid, m.fsid, m.source, m.location
  FROM folders f JOIN mounts m ON m.folder_id = f.id AND m.path = ''::bytea
 WHERE f.root_inode = %(inode)s
 ORDER BY f.id;

-- move
-- A folder is at another path from now on.
UPDATE folders SET path = %(path)s, root_inode = NULL WHERE id = %(id)s;

-- move_realms
-- Its realms with a key go with it: they are found by the folder's path, that of its index by the
-- path, a zero byte and more.
UPDATE realms
   SET owner = %(path)s::bytea || substring(owner FROM length(%(before)s::bytea) + 1)
 WHERE owner = %(before)s
    OR substring(owner FOR length(%(before)s::bytea) + 1) = %(before)s::bytea || '\x00'::bytea;
