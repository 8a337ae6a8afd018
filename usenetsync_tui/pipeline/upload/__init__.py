"""Upload: a folder on disk becomes a new version.

Knows how changed files become planned articles, and when a version is finished. Refuses to know
how a tree is walked and read (`disk.source`), how an article travels (`posting`, `store`), and when
a job runs (`engine`).

::

    disk.source.scan ──▶ index ──▶ pending ──▶ read ──▶ (compress) ──▶ plan ──▶ post ──▶ confirm
       catalogue rows ──┘                                                │ durable     │ lazy
                                                                         ▼             ▼
                                                                  catalogue        catalogue

**Before anything is read.** `run.judge` compares the folder with the newest finished version, by
the rules of `disk.source.guard`: a folder that is gone, that is empty although the version is not,
or that lies on another file system is refused. Otherwise the run begins a version, or continues the
one that an earlier run left under construction. It cannot be restored before it is finished.
`posting.settle` then asks the store about every article that an earlier run planned and got no
answer for, and sends again what the store does not hold.

`move` has files read again whose articles are in another realm, too few, or too large.

**The stages** are tasks of one task group (`stages`) and run at the same time.

1. `indexing` merges two streams that have the same order: the paths of the walk and the
   catalogue's rows. It needs no query for each file. New and modified files become *pending* in
   the catalogue, missing ones are noted as vanished, and unchanged ones are not opened. After the
   walk the judge refuses a folder that has lost most of its files.
2. `pending` pages through the pending files behind the index and hands them out as units: small
   files that share a pack (`pack`), or one large file. New files of a folder's first version come
   from a temporary file instead (`indexing.spool`), without a query. The small ones of them get
   their rows when they are planned; or earlier, if they wait long or a user acts on files.
3. `read` reads each unit in a worker thread, which also makes the digest and the payload of each
   segment (`run.segments`). `read_pack` joins small files, in processes of their own if there are
   many (`pack_readers`); `read_large` reads a large file segment by segment and compares it with
   what the path held before. LZMA takes so long that `compress` becomes a stage of its own.
4. `plan`, one task, takes batches. It searches the realm for the digests (deduplication), has
   `posting.assign` give each copy of a segment its article, and writes objects, segments,
   Message-IDs and where each file lies in one durable transaction. Only then does it pass the
   articles on.
5. `posting` sends the articles and records the answers.

**Bounds.** Bounded streams join the stages, so a slow store stops the reading. Their capacity comes
from the memory limit and the segment size (`posting.posting_lanes.capacity`); the walk is a few
batches ahead, the rows a few pages, and what the walk found before the readers came to it is on
disk, in the catalogue and the spool. Memory does not depend on the number of files.

**Passes.** A file that changes while it is read becomes pending again as it is now, and is read in
the next pass; `PASSES` limits them. A file that cannot be read fails with its reason, and the
others continue.

**The end.** Where the store acknowledges articles before they can be read (Usenet), `verify.check`
asks for each of them, during the run and after it, and has missing ones posted again. The judge
makes sure once more that the folder is still there. Then one durable transaction (`finish`) removes
vanished files and finishes the version; if nothing has changed, it drops the version instead.

**A kill** at any moment loses nothing. The catalogue knows every article that may have left, files
that were not planned are still pending, or new to the next walk, and the version is still under
construction: the same command continues there. A request to stop (`JobRun.drain`) lets each stage
finish what it holds.
"""
