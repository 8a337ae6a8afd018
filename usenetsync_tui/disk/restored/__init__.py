"""The target of a restore: written below one directory and nowhere else.

Knows how to bring files, symlinks and directories to a place, whatever is there already. Refuses to
know where the bytes come from. Start with `target_tree`.

1. `directories` opens each component of a path (`safe_paths`) below the one before
   (`open_directory`), without following a symlink, and lends it (`borrowed`).
2. `names` finds the names that mean one entry on this file system (`README` and `readme`), and
   `probe` whether the file system changes names.
3. A file is written under a temporary name: `small_files` at once, many while their directory is
   open, a large one as a `part_file`. In a large restore processes (`writers`) make the ordinary
   small files, which have no name until they are complete.
4. `attributes` sets owner, mode and time through the file's descriptor, in the one safe order;
   what few files have beside these is in `metadata`.
5. `publish` gives the file its name and replaces what had it, in one step where the file system can
   do that. Nothing is changed in place, because a file may have other names outside the target.

No file is synced alone. `TargetTree.sync` makes all of them durable at the end of a restore; before
that, a crash can cost files, and the next restore writes those again. A kill leaves temporary names
that the next restore finds.
"""
