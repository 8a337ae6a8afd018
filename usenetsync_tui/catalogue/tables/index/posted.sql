-- realm_of
-- The index realm of a folder in the store that it uses now.
SELECT i.id FROM folders f JOIN realms r ON r.id = f.realm_id
  JOIN realms i ON i.id = f.index_realm_id AND i.store = r.store
 WHERE f.id = %(folder)s;

-- secret_of
-- The wrapped secret of a folder, whatever store its index is in.
SELECT i.wrapped_key FROM folders f JOIN realms i ON i.id = f.index_realm_id
 WHERE f.id = %(folder)s;

-- add_realm
-- The realm of a folder's index, on first use. Its owner is no path, so that it is found by no
-- other folder.
INSERT INTO realms (store, profile, domain, newsgroups, owner, wrapped_key, dress, digest,
                    is_index)
SELECT r.store, 'sealed', r.domain, coalesce(h.newsgroups, r.newsgroups),
       f.path || '\x00'::bytea || convert_to('index', 'UTF8'), %(wrapped_key)s, 2, 'blake3', true
  FROM folders f JOIN realms r ON r.id = f.realm_id LEFT JOIN headers h ON h.id = f.headers_id
 WHERE f.id = %(folder)s
    ON CONFLICT (owner, store, profile) WHERE owner IS NOT NULL AND NOT renewed
    DO UPDATE SET newsgroups = excluded.newsgroups
RETURNING id;

-- set_realm
-- The folder's index is posted there.
UPDATE folders SET index_realm_id = %(realm)s WHERE id = %(folder)s;

-- place_of
-- The number by which runs of a folder refer to a realm, given on first use.
WITH known AS (
    SELECT place FROM index_realms WHERE folder_id = %(folder)s AND realm_id = %(realm)s),
added AS (
    INSERT INTO index_realms (folder_id, place, realm_id)
    SELECT %(folder)s, (SELECT count(*) FROM index_realms WHERE folder_id = %(folder)s), %(realm)s
     WHERE NOT EXISTS (SELECT FROM known)
 RETURNING place)
SELECT place FROM known UNION ALL SELECT place FROM added;

-- realms
-- The realms of a folder's objects, in the order of their numbers.
SELECT realm_id FROM index_realms WHERE folder_id = %(folder)s ORDER BY place;

-- add_page
-- The bytes of a page or root: the source of its articles.
INSERT INTO index_pages (object_id, folder_id, realm_id, version, amendment, level, number,
                         of_objects, first_path, first_object, first_segment, data)
SELECT id, folder_id, realm_id, %(version)s, %(amendment)s, %(level)s, %(number)s, %(of_objects)s,
       %(first_path)s, %(first_object)s, %(first_segment)s, %(data)b
  FROM objects WHERE id = %(object)s AND folder_id = %(folder)s;

-- lines
-- What a root says of a run: the pages of the highest level, of files and of objects, in their
-- order, with the present names of their articles.
SELECT p.level, p.of_objects, p.first_path, p.first_object, p.first_segment, s.hash,
       octet_length(p.data), array_agg(s.message_id ORDER BY s.redundancy)
  FROM index_pages p JOIN segments s ON s.object_id = p.object_id
 WHERE p.folder_id = %(folder)s AND p.realm_id = %(realm)s AND p.version = %(version)s
   AND p.amendment = %(amendment)s AND NOT p.replaced
   AND p.level = (SELECT max(h.level) FROM index_pages h
                   WHERE h.folder_id = p.folder_id AND h.realm_id = p.realm_id
                     AND h.version = p.version AND h.amendment = p.amendment
                     AND h.of_objects = p.of_objects AND NOT h.replaced)
 GROUP BY p.object_id, s.hash
 ORDER BY p.of_objects, p.first_path, p.first_object, p.first_segment;

-- lines_of_level
-- The pages of one level of a run in their order, with the present names of their articles.
SELECT p.level, p.of_objects, p.first_path, p.first_object, p.first_segment, s.hash,
       octet_length(p.data), array_agg(s.message_id ORDER BY s.redundancy)
  FROM index_pages p JOIN segments s ON s.object_id = p.object_id
 WHERE p.folder_id = %(folder)s AND p.realm_id = %(realm)s AND p.version = %(version)s
   AND p.amendment = %(amendment)s AND NOT p.replaced
   AND p.of_objects = %(of_objects)s AND p.level = %(level)s
 GROUP BY p.object_id, s.hash
 ORDER BY p.first_path, p.first_object, p.first_segment;

-- directories
-- The directories of one level of a run, in their order: bytes, object.
SELECT data, object_id FROM index_pages
 WHERE folder_id = %(folder)s AND realm_id = %(realm)s AND version = %(version)s
   AND amendment = %(amendment)s AND NOT replaced
   AND of_objects = %(of_objects)s AND level = %(level)s
 ORDER BY first_path, first_object, first_segment;

-- replace_pages
-- Only older roots lead to these directories: pages in them have got other names.
UPDATE index_pages SET replaced = true WHERE object_id = ANY(%(pages)b::int8[]);

-- page
-- The bytes of a page or root.
SELECT data FROM index_pages WHERE object_id = %(object)s;

-- forget_unfinished
-- Delete the pages of runs and roots that were not planned to their end: none of them was sent.
WITH left_over AS (
    DELETE FROM index_pages p
     WHERE p.folder_id = %(folder)s
       AND NOT EXISTS (SELECT FROM index_roots r WHERE r.object_id = p.object_id)
       AND NOT EXISTS (SELECT FROM index_runs n
                        WHERE n.folder_id = p.folder_id AND n.realm_id = p.realm_id
                          AND n.version = p.version AND n.amendment = p.amendment
                          AND p.number IS NOT NULL)
 RETURNING p.object_id),
without_segments AS (
    DELETE FROM segments s USING left_over l WHERE s.object_id = l.object_id)
DELETE FROM objects o USING left_over l WHERE o.id = l.object_id;

-- add_run
-- A run whose pages are all planned.
INSERT INTO index_runs (folder_id, version, amendment, realm_id, is_base, files, objects, size,
                        fingerprints, at)
VALUES (%(folder)s, %(version)s, %(amendment)s, %(realm)s, %(is_base)s, %(files)s, %(objects)s,
        %(size)s, %(fingerprints)s, coalesce(%(at)s, now()));

-- is_forgotten
-- Whether a version is not there any more.
SELECT NOT EXISTS (SELECT FROM snapshots WHERE folder_id = %(folder)s AND version = %(version)s);

-- now
-- The database's time.
SELECT now();

-- runs
-- The runs of a folder in a realm, from its newest base on that are not above a version, oldest
-- first.
SELECT version, is_base, files, objects, size, fingerprints, at, amendment
  FROM index_runs
 WHERE folder_id = %(folder)s AND realm_id = %(realm)s AND version <= %(version)s
   AND version >= (SELECT max(version) FROM index_runs
                    WHERE folder_id = %(folder)s AND realm_id = %(realm)s
                      AND version <= %(version)s AND is_base)
 ORDER BY version, amendment;

-- root
-- The planned root of a version: attempt, object, and when it was planned.
SELECT attempt, object_id, at FROM index_roots
 WHERE folder_id = %(folder)s AND realm_id = %(realm)s AND version = %(version)s;

-- is_given_up
-- Whether an article of a root was given up, or got another name: nobody finds it there.
SELECT EXISTS (SELECT FROM segments WHERE object_id = %(object)s AND status = {segment.failed})
    OR EXISTS (SELECT FROM segments s JOIN aliases a ON a.message_id = s.message_id
                WHERE s.object_id = %(object)s);

-- is_root
-- Whether an object is a root, whose articles keep their names.
SELECT EXISTS (SELECT FROM index_pages WHERE object_id = %(object)s AND number IS NULL);

-- drop_root
-- Delete a root that another one, `new`, replaces. Its articles stay where they are, and are not
-- checked; those in this database go when versions are forgotten, not before the new root is posted,
-- and, if it is the first root of `version`, not before that is forgotten.
WITH dropped AS (
    SELECT o.id, o.folder_id, r.store = 'shards' AS here
      FROM objects o JOIN realms r ON r.id = o.realm_id WHERE o.id = %(object)s),
page AS (DELETE FROM index_pages WHERE object_id = %(object)s),
articles AS (
    DELETE FROM segments s USING dropped d WHERE s.object_id = %(object)s AND NOT d.here),
later AS (
    UPDATE forgotten_objects SET after_object = %(new)s WHERE after_object = %(object)s),
noted AS (
    INSERT INTO forgotten_objects (object_id, folder_id, certain, after_object, root_version)
    SELECT id, folder_id, true, %(new)s, %(version)s FROM dropped WHERE here)
DELETE FROM objects WHERE id = %(object)s;

-- add_root
-- A planned root; it replaces one of an earlier attempt.
INSERT INTO index_roots (folder_id, realm_id, version, attempt, object_id, at)
VALUES (%(folder)s, %(realm)s, %(version)s, %(attempt)s, %(object)s, coalesce(%(at)s, now()))
    ON CONFLICT (folder_id, realm_id, version)
    DO UPDATE SET attempt = excluded.attempt, object_id = excluded.object_id, at = excluded.at;

-- know_root
-- A root that was posted before the folder was adopted; its bytes are not kept.
INSERT INTO index_roots (folder_id, realm_id, version, attempt)
VALUES (%(folder)s, %(realm)s, %(version)s, %(attempt)s)
    ON CONFLICT DO NOTHING;

-- attempts
-- The attempt of each root of a folder, by version.
SELECT version, attempt FROM index_roots WHERE folder_id = %(folder)s AND realm_id = %(realm)s;

-- mark_indexed
-- The index of a version is posted.
UPDATE snapshots SET indexed = true WHERE folder_id = %(folder)s AND version = %(version)s;

-- to_index
-- The finished versions that lack their index, from the first run in a realm on, oldest first. The
-- newest version needs one in this realm, whether it has one elsewhere or not.
WITH own AS (
    SELECT min(version) AS first FROM index_runs
     WHERE folder_id = %(folder)s AND realm_id = %(realm)s),
newest AS (
    SELECT max(version) AS version FROM snapshots
     WHERE folder_id = %(folder)s AND state <> {version.building})
SELECT s.version FROM snapshots s, own, newest
 WHERE s.folder_id = %(folder)s AND s.state <> {version.building}
   AND (NOT s.indexed AND s.version >= own.first
        OR s.version = newest.version AND NOT (s.indexed AND EXISTS (
           SELECT FROM index_runs r
            WHERE r.folder_id = s.folder_id AND r.realm_id = %(realm)s AND r.version = s.version)))
 ORDER BY s.version;

-- has_unposted
-- Whether articles of a folder's index in a realm are not posted.
SELECT EXISTS (
       SELECT FROM index_pages p JOIN objects o ON o.id = p.object_id
        WHERE p.folder_id = %(folder)s AND p.realm_id = %(realm)s AND NOT o.complete);

-- unposted_pages
-- How many articles of the pages of a folder's newest base and its deltas are not posted, and what a
-- server said about one.
SELECT coalesce(sum(o.segments::bigint * o.copies - o.posted), 0)::bigint,
       max((SELECT max(s.error) FROM segments s
             WHERE s.object_id = o.id AND s.status = {segment.failed}))
  FROM index_pages p JOIN objects o ON o.id = p.object_id
 WHERE p.folder_id = %(folder)s AND p.realm_id = %(realm)s AND NOT o.complete
   AND p.number IS NOT NULL
   AND p.version >= (SELECT max(version) FROM index_runs
                      WHERE folder_id = %(folder)s AND realm_id = %(realm)s AND is_base);

-- is_posted
-- Whether all articles of a page or root are posted.
SELECT complete FROM objects WHERE id = %(object)s;

-- is_indexed
-- Whether a version has had its index.
SELECT indexed FROM snapshots WHERE folder_id = %(folder)s AND version = %(version)s;

-- renamed_since
-- Whether articles of the objects of the versions from `base` on got other names since the last run,
-- or packs of theirs got other articles.
WITH renamed AS (
    SELECT o.id, o.first_key, o.last_key
      FROM aliases a JOIN segments s ON s.message_id = a.message_id
      JOIN objects o ON o.id = s.object_id
     WHERE a.at >= %(at)s AND o.folder_id = %(folder)s AND o.kind <> {object.index}
     UNION ALL
    SELECT id, first_key, last_key
      FROM objects WHERE folder_id = %(folder)s AND rewritten_at >= %(at)s)
SELECT EXISTS (
       SELECT FROM renamed o
        WHERE EXISTS (SELECT FROM files f
                       WHERE f.folder_id = %(folder)s AND f.object_id = o.id
                         AND f.path_key BETWEEN o.first_key AND o.last_key
                         AND f.first_version <= %(version)s
                         AND (f.last_version IS NULL OR f.last_version >= %(base)s)));

-- replaced_since
-- Whether content of a version was posted again, as another object, since its last run.
SELECT EXISTS (
       SELECT FROM files
        WHERE folder_id = %(folder)s AND changed_at >= %(at)s AND replaced
          AND first_version <= %(version)s AND state = {file.planned}
          AND (last_version IS NULL OR last_version >= %(version)s));

-- pages_renamed_since
-- Whether articles of a folder's pages in a realm, of the versions from `base` to another, got other
-- names since a time.
SELECT EXISTS (
       SELECT FROM aliases a JOIN segments s ON s.message_id = a.message_id
         JOIN index_pages p ON p.object_id = s.object_id
        WHERE a.at >= %(at)s AND p.folder_id = %(folder)s AND p.realm_id = %(realm)s
          AND p.number IS NOT NULL AND p.version BETWEEN %(base)s AND %(version)s);

-- last_of_bases
-- The newest version with an index in a realm of each base there, newest first: its root leads to
-- all versions from that base on.
SELECT max(s.version) FROM snapshots s JOIN index_roots r
    ON r.folder_id = s.folder_id AND r.version = s.version AND r.realm_id = %(realm)s
 WHERE s.folder_id = %(folder)s AND s.indexed
 GROUP BY (SELECT max(b.version) FROM index_runs b
            WHERE b.folder_id = s.folder_id AND b.realm_id = r.realm_id AND b.is_base
              AND b.version <= s.version)
 ORDER BY 1 DESC;

-- next_object
-- Above the ids of all objects of a folder.
SELECT coalesce(max(id), 0) + 1 FROM objects WHERE folder_id = %(folder)s;

-- object_offset
-- What the ids of a folder's objects are above the numbers that its index gives them.
SELECT object_offset FROM folders WHERE id = %(folder)s;
