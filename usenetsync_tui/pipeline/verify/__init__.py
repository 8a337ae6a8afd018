"""Verify: what was posted is looked for, and posted again where it is missing.

Knows which answer says what of an article. Refuses to know how servers are asked (`store`).

- `check` follows an upload: it asks for each article on the schedule of its place, beside the
  posting, and then until all are found, posted again or given up. `mend` is the same for `verify`.
- `verify` sweeps all posted articles of a folder in pages of objects. It asks whether they are
  there (STAT on Usenet), or fetches every body.
- `prove` fetches bodies, a few at once, and checks their digests.

An article is *verified*, *missing*, *damaged*, or *unknown* when no server gives a clear answer; an
unknown one is counted and neither believed nor posted again. Once a body was missing or damaged,
only a body that comes back proves the article; STAT does not. Missing articles are made again from
the folder, which must still be what it was (`run.judge.require_source`).

**A kill** loses only the place in the sweep: each page of findings is committed as it comes, and
the next sweep starts from the beginning.
"""
