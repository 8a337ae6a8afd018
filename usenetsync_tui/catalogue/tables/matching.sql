-- at_version
-- Rows of `files f` that are true in a version.
f.folder_id = %(folder)s AND f.first_version <= %(version)s
AND (f.last_version IS NULL OR f.last_version >= %(version)s);

-- words
-- All words occur in the path, ASCII letters in either case. Latin-1 has a character for each byte,
-- and lower() in the C locale changes only ASCII.
lower(convert_from(coalesce(f.long_path, f.path_key), 'LATIN1') COLLATE "C")
LIKE ALL (%(words)s::text[]);

-- folded_globs
-- All globs match the path, ASCII letters in either case. Their letters alone are compared first, as
-- that is quick. (CASE: the planner knows nothing of expressions, and takes them for rare.)
lower(convert_from(coalesce(f.long_path, f.path_key), 'LATIN1') COLLATE "C")
LIKE ALL (%(folded_letters)s::text[])
AND CASE WHEN lower(convert_from(coalesce(f.long_path, f.path_key), 'LATIN1') COLLATE "C")
              ~ ALL (%(folded_globs)s::text[]) THEN TRUE ELSE FALSE END;

-- exact_globs
-- All globs match the path as it is; the same way.
(convert_from(coalesce(f.long_path, f.path_key), 'LATIN1') COLLATE "C")
LIKE ALL (%(exact_letters)s::text[])
AND CASE WHEN (convert_from(coalesce(f.long_path, f.path_key), 'LATIN1') COLLATE "C")
              ~ ALL (%(exact_globs)s::text[]) THEN TRUE ELSE FALSE END;

-- sized
-- Only regular files have a size.
f.kind = {kind.regular} AND f.size BETWEEN %(min_size)s AND %(max_size)s;

-- failed
-- It could not be read, or was left out.
f.state = {file.failed};

-- pending
-- Its bytes are still to be read.
f.state = {file.pending};

-- laid_out
-- Its bytes have a place in an object, or it has no bytes.
f.state = {file.planned};

-- waits
-- It has a place in an object that lacks articles. (The id alone would do: the keys let the planner
-- begin with the incomplete objects, which are few.)
EXISTS (SELECT FROM objects o
         WHERE o.folder_id = %(folder)s AND NOT o.complete AND o.id = f.object_id
           AND f.path_key BETWEEN o.first_key AND o.last_key
           AND (f.state = {file.planned} OR f.state = {file.pending} AND o.posted > 0));
