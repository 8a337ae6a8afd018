"""The index of a folder: each finished version is described in the store beside the data.

Knows which run a version gets and how the catalogue's rows become its pages, how they are posted,
and how a version is found and read with the folder's secret alone. Refuses to know the format
(`codec.index`), and how an article travels (`posting`, `verify`).

**Writing.** `plan_run` streams the rows of a version, or what changed since the last run, into
pages. Each page is an object of kind INDEX with one segment; its bytes stay in the catalogue.
A run is planned in one transaction and before anything is sent, so that an interrupted plan leaves
nothing behind. `post_index` then sends what is planned, checks it like any other article, does the
same with the directories of many pages (`plan_directories`), and posts the root last, under names
that follow from the secret. It can be killed anywhere and called again. Further runs and roots, of
the newest version and of the last one of each base before, tell the names that articles got since
(`untold`).

A new base shares no page with the one before. Pages end where they are full, so a path that is new
moves the ends of all pages after it: only those before the first change would be the same, and a
base is due after many changes. A page of two versions would need a count of its users, too, before
it may be forgotten.

**Reading.** `find_root` asks the store for the names of roots, `read_version` fetches the pages of
the runs and merges them. `adoption` makes a folder of the catalogue of them.
"""
