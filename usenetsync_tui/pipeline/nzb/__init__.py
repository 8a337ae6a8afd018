"""NZB: a `plain` version as lists of articles that any newsreader downloads.

Knows which names and articles a list holds, and that each name occurs once in a list. Refuses to
know where a list is written: its caller passes `write`. The NZB format itself is `codec.nzb`.

`nzb` goes through the version twice, a page at a time: first it finds colliding names, with the
database's help, then it writes one file after the other. It lists only files whose articles are all
posted, and counts the others. `parts` divides a version by subfolders, one list for each.
"""
