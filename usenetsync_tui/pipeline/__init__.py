"""The verbs: upload, restore, verify, the NZB, and the code that they share.

Knows the order in which data flows, what is durable when, and what a kill leaves. Refuses to know
SQL (`catalogue`), sockets (`store`), directory entries (`disk`), and when a job runs (`engine`).

- `upload`: a folder becomes a new version.
- `restore`: a version becomes a tree.
- `verify`: checks that every posted article can still be read, and posts lost ones again.
- `nzb`: a `plain` version as a list for newsreaders.
- `posting`: from a planned segment to an acknowledged article.
- `run`: what every run of a job shares.

Stages are tasks joined by bounded streams, which give back-pressure, limit memory and feed the
queue monitor. Work that releases the GIL runs in worker threads on whole segments.
"""
