-- folder_names
-- Names of folders that begin with some text, for a shell to complete.
SELECT name FROM folders WHERE starts_with(name, %(begin)s) ORDER BY name LIMIT %(limit)s;

-- versions
-- The finished versions of a folder by its name, path or id, the newest first.
SELECT s.version
  FROM snapshots s JOIN folders f ON f.id = s.folder_id
 WHERE (f.name = %(word)s OR f.path = %(path)s OR f.id::text = %(word)s)
   AND s.state <> {version.building}
 ORDER BY s.version DESC
 LIMIT %(limit)s;
