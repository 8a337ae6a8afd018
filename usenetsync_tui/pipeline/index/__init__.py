"""The index of a folder: each finished version is described in the store beside the data.

Knows which run a version gets and how the catalogue's rows become its pages, how they are posted,
and how a version is found and read with the folder's secret alone. Refuses to know the format
(`codec.index`), and how an article travels (`posting`, `verify`).

**Writing.** `plan_run` streams the rows of a version, or what changed since the last run, into
pages. Each page is an object of kind INDEX with one segment; its bytes stay in the catalogue.
Nothing is sent before all pages of the run are planned, so that an interrupted plan leaves nothing
behind in the store. `post_index` then sends what is planned, checks it like any other article, and
posts the root last, under names that follow from the secret. It can be killed anywhere and called
again.

**Reading.** `find_root` asks the store for the names of roots, `read_version` fetches the pages of
the runs and merges them.
"""
