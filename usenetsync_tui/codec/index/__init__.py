"""The index: bytes in the store that describe a version, so that the catalogue is only a cache.

Knows how files, objects and versions become pages and how pages are read again, and what follows
from the secret of a folder. Refuses to know how pages are posted and fetched (they are payloads of
articles like others), and where their rows come from.

This is format version 1. Another program can read an index with the docstrings of these modules::

    recovery string ──▶ secret ──▶ `keys`: the index key, and the names of the roots
    `root` of a version ──▶ its runs, a base and deltas ──▶ `directory` of a run ──▶ pages
                                                            (of directories, where they are many)
    `files_page`: paths, attributes, object and offset of each ──┐
    `objects_page`: segments, digests, articles of each object ◀─┘

All of them are pages in one frame (`page`) of columns: numbers (`varints`), front-coded `paths`,
`classes` of files, `sparse` values, names of `articles`, `realms`. `cutting` makes the pages of a
run from streams, `merging` makes a version of the streams of its runs: in both directions memory
holds a page of each run, whatever the size of the folder.

To read version v: compute the names of its root for copies 0, 1, … and attempts 0, 1, …, fetch one
that is there, open it with the index key, check that it is of version v. Take its runs up to v.
For each, fetch the pages that its directory lists; each has its BLAKE3 beside its articles. The
newest run that has a path counts, and so with objects. Versions that a root does not list are in
the root of the oldest one that it lists. Fetch the articles of the objects by the
realm that the root describes; check digests of segments and files (`codec.digests`).

Whatever the bytes are, reading ends with the rows or with `IndexUnreadableError`. The rows are
checked: paths stay below the folder, numbers fit 64 bits, digests and names have their lengths. The
sizes of a page are bounded before anything is made of them.
"""
