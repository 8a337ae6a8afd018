"""Restore: a version, or a part of one, becomes a tree in a target.

Knows which articles make up each file, and the order in which files are written. Refuses to know
how a path is kept inside the target (`disk.restored`), and how an article is found (`store`).

::

    catalogue rows ──▶ groups of one object ──▶ workers ──▶ wanted segments ──▶ lanes: fetch, open,
                                                  ▲                              write into a file
                                                  └──────── outcomes ◀─────────────────┘

1. `restore` pages through the version's rows in path order and groups them by the object that
   holds them, so that the files of one pack need one fetch. A group that reaches the end of a page
   continues in the next page.
2. The workers of `files` take the groups from a bounded stream. A worker first compares what the
   target already has: a file with the right content and attributes stays as it is.
3. What must be written, a worker wants from the lanes (`run.fetch_lanes`). A lane's thread gets a
   segment from its first copy, opens it, checks its digest, and writes it; the event loop hears of
   many outcomes at once. If that copy is missing or damaged, that is recorded in the ledger, so
   that the next upload or `verify` posts it again, and the other copies are tried (`run.fetch`).
4. One call in a thread writes all files of a pack (`pack`), two packs at a time. Each small file
   is compared with its own digest and written under a temporary name. A restore of many files has
   two processes for that (`disk.restored.writers`), so that Python keeps both processors busy;
   the thread writes only what they leave. A large file
   (`large_file`) is written segment by segment into a part file, several segments at once; the
   digest of the whole file is compared at the end. Either gets its name only when it is complete
   and correct. An existing file is replaced, never changed in place.
5. `hard_links` gives restored files their further names.
6. `directories` sets owners, modes and times of the directories last, children before parents.
   Then one call makes the whole target durable; no file is synced on its own.

**Bounds.** A page of rows, a short stream of groups, and two wanted segments for each lane, within
the run's budget. Only a segment in a lane's hands is in memory.

**What goes wrong with one file** ends that file: `report` counts it and lists it with its reason.
A target that cannot be written any more, such as a full disk, ends the restore.

**A kill** leaves complete files under their names and part files under temporary names. The next
restore into the same target keeps the complete files, checks the segments of a part file by their
digests, and fetches the rest.
"""
