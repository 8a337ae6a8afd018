"""Verify: checks that posted articles can be read, and posts missing ones again.

Knows what each answer means for an article. Refuses to know how servers are asked (`store`).

- `check` follows an upload: it asks for each article on the schedule of its realm, during the
  posting and afterwards, until all are found, posted again or given up. `repair` does this for
  `verify`.
- `verify` sweeps all posted articles of a folder. It asks whether they are there (STAT on Usenet),
  or fetches every body. `pages` reads them, `lanes` asks on all connections at once, `bodies` hands
  them to the threads that fetch, `record` records a page at a time.
- `prove` fetches a few bodies for `check`, and checks their digests.

An article is *verified*, *missing*, *damaged*, or *unknown* when no server gives a clear answer; an
unknown one is counted, and neither taken as verified nor posted again. Once a body was missing or
damaged, only a fetched body proves the article; STAT does not. Missing articles are made again from
the folder, which must still be that of the last version (`run.judge.require_source`).

**A kill** costs at most the pages under way: each page commits with its findings and the position
after it, in order, and the next sweep of the same scope continues there with the counts so far. A
sweep is over when its repair is; then the next one starts from the beginning.
"""
