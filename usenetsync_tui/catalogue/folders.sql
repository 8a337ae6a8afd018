-- all
-- Every folder with its realm, by name.
SELECT f.id, f.path, f.name, f.priority, f.compression, f.copies,
       r.id, r.store, r.profile, r.domain
  FROM folders f JOIN realms r ON r.id = f.realm_id
 ORDER BY f.name;

-- by_path
-- The folder kept at a path.
SELECT f.id, f.path, f.name, f.priority, f.compression, f.copies,
       r.id, r.store, r.profile, r.domain
  FROM folders f JOIN realms r ON r.id = f.realm_id
 WHERE f.path = %(path)s;

-- by_id
-- The folder with an id.
SELECT f.id, f.path, f.name, f.priority, f.compression, f.copies,
       r.id, r.store, r.profile, r.domain
  FROM folders f JOIN realms r ON r.id = f.realm_id
 WHERE f.id = %(id)s;

-- by_name
-- The folder with a name.
SELECT f.id, f.path, f.name, f.priority, f.compression, f.copies,
       r.id, r.store, r.profile, r.domain
  FROM folders f JOIN realms r ON r.id = f.realm_id
 WHERE f.name = %(name)s;

-- realm
-- The realm of a store and profile, made on first use.
INSERT INTO realms (store, profile, domain) VALUES (%(store)s, %(profile)s, %(domain)s)
    ON CONFLICT (store, profile) DO UPDATE SET store = excluded.store
RETURNING id;

-- names_like
-- Names that are taken: a folder's last part, or that with a number.
SELECT name FROM folders WHERE name = %(name)s OR starts_with(name, %(name)s || '-');

-- insert
-- A new folder.
INSERT INTO folders (path, name, realm_id, priority, compression, copies)
VALUES (%(path)s, %(name)s, %(realm)s, %(priority)s, %(compression)s, %(copies)s);

-- update
-- The choices remembered for a folder.
UPDATE folders
   SET realm_id = %(realm)s, priority = %(priority)s, compression = %(compression)s,
       copies = %(copies)s
 WHERE id = %(id)s;
