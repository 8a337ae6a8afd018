"""The source of an upload: walked in one order, opened safely, compared with what the walk saw.

Knows how to read a tree that changes meanwhile: `scan` walks it, `source_tree` reads its files,
`guard` and `mount_watch` tell a missing file system from an empty folder. Refuses to know what was
there last time, and never follows a symlink below the folder.

1. `scan` walks directories by descriptor, sorts the names of each (`sorted_names`, which uses a
   temporary file beyond a limit) and yields entries in the byte order of the full path.
   `directory_stack` bounds the number of open descriptors, however deep the tree is.
2. `source_tree` opens a file below the folder (`disk.beneath`); `source_file` reads a large one.
   After the last byte the file must still have the size, times and inode of the walk's entry;
   else it has changed.
3. `racy` says whether a file could change once more without its times showing it; such a file is
   read again next time.

Every failure of one file is a `SourceFileError`; a folder that cannot be read is a `SourceError`.
"""
