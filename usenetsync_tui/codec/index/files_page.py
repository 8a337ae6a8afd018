"""The page of files: entries of a run, as columns (`page` has the frame, type 1).

Rows are the paths in order. Each column holds a value for every row that has one, in the order of
the rows: *kept* rows are those that are not removed, *sized* rows the kept ones that are not
directories, *filled* rows those with an object. Unless it says otherwise a column is a list of
varints, one for each of its rows; *signed*, *delta* and *sparse* are those of `varints` and
`sparse`::

    tag  rows    content
    1    all     PATHS     shared lengths (`paths`)
    3    all               lengths of the rests
    5    all               the rests
    7    –       CLASSES   kind, mode, owner and so on, each combination once (`classes`)
    9    all               the class of each row
    11   kept    SECONDS   of the time of the last change of the content (mtime), rounded down:
                           delta
    13   kept    NANOS     nanoseconds past that second, below 1,000,000,000
    15   sized   SIZE      in bytes; of a symlink, as lstat(2) reports it
    17   sized   CTIME     time of the last change of the inode, in nanoseconds, 64 bits: delta
    19   sized             the same, as the distance from the row's mtime (modulo 2^64): signed.
                           A page has column 17 or column 19, or neither if all distances are 0
                           or no row is sized
    21   sized   INODE     64 bits: delta
    23   filled  OBJECT    the number of the object: delta
    25   filled  OFFSET    where the content begins in the object, in bytes, minus the expected
                           place: the end of the previous filled row if that has the same object,
                           else 0: signed
    27   –       DIGEST    32 bytes for each row with a digest that is not made of the digests of
                           the segments of its object; stored
    29   links   LINK      lengths of the targets of symlinks
    31   links             the targets
    64…  –       sparse: attributes of rows, with even tags (`AttributeTag`), each at most once for
                 a row; a reader keeps or skips those that it does not know

The values of the tags from 70 on are those of `attributes`; `attributes.with_meaning` says what an
entry with them is.

A writer ends a page when its columns reach some size, and begins a page with a path of any length.
"""

from __future__ import annotations

from collections.abc import Sequence

from usenetsync_tui.codec.index.files_columns import FilesColumns
from usenetsync_tui.codec.index.files_reading import read_columns
from usenetsync_tui.codec.index.files_writing import write_columns
from usenetsync_tui.model.index.entries import IndexEntry


def write_files(entries: Sequence[IndexEntry]) -> bytes:
    """A page of entries, strictly ascending by path."""
    return write_columns(FilesColumns.of(entries))


def read_files(data: bytes) -> list[IndexEntry]:
    """The entries of a page, all checked; `IndexUnreadableError`."""
    return read_columns(data).entries()
