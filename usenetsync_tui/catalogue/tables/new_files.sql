-- any
-- Whether a folder has rows, of any version.
SELECT EXISTS (SELECT FROM files WHERE folder_id = %(folder)s);

-- copy
-- Binary COPY of rows for paths without a row of their own in the version under construction.
COPY files (folder_id, first_version, kind, state, size, mtime_ns, ctime_ns, inode, mode,
            path_key, link, long_path, uid, gid,
            object_id, object_offset, digest, digest_kind, stat_size, racy)
FROM STDIN (FORMAT BINARY);
