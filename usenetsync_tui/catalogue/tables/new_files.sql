-- copy
-- Binary COPY of rows for paths without a row of their own in the version under construction.
COPY files (folder_id, first_version, kind, state, size, mtime_ns, ctime_ns, inode, mode,
            path_key, link, long_path, uid, gid)
FROM STDIN (FORMAT BINARY);
