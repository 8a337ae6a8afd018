"""The verbs: two ways, and the ground they share.

Knows in which order data flows, what is durable when, and what happens at a kill. Refuses to know
SQL (`catalogue`), sockets (`store`), directory entries (`disk`), and when a job runs (`engine`).

- `upload`: the way up. A folder becomes a new version.
- `restore`: the way back. A version becomes a tree.
- `verify`: whether what was posted is still there, and posting it again.
- `nzb`: a `plain` version as a list for newsreaders.
- `posting`: from a planned segment to an acknowledged article.
- `run`: what every run of a job shares.

Stages are tasks joined by bounded streams: that is the back-pressure, the limit on memory and the
queue monitor at once. Work that leaves the GIL runs in worker threads on whole segments.
"""
