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
from typing import Any

from usenetsync_tui.codec.index.classes import FileClass, write_classes
from usenetsync_tui.codec.index.files_columns import FIRST_ATTRIBUTE, read_columns
from usenetsync_tui.codec.index.page import PageType, write_page
from usenetsync_tui.codec.index.paths import write_paths
from usenetsync_tui.codec.index.sparse import write_sparse
from usenetsync_tui.codec.index.varints import write_deltas, write_signed, write_varints
from usenetsync_tui.model.entries import FileKind
from usenetsync_tui.model.index.entries import EntryChange, IndexEntry

_STORED = (27,)
_SECOND = 1_000_000_000
_OF_CLASS = slice(1, 9)
"""The fields of an entry that its class has."""


def write_files(entries: Sequence[IndexEntry], shared: Sequence[int] | None = None) -> bytes:
    """A page of entries, strictly ascending by path. `shared`: as in `paths.write_paths`."""
    classes: dict[Any, int] = {}
    number = classes.setdefault
    columns: dict[int, bytes] = {}
    rows = [number((e[_OF_CLASS], e.object is not None), len(classes)) for e in entries]
    columns[1], columns[3], columns[5] = write_paths([e.path for e in entries], shared)
    listed = [FileClass._make((*fields, filled)) for fields, filled in classes]
    columns[7], columns[9] = write_classes(listed), write_varints(rows)
    kept = [e for e in entries if e.change != EntryChange.REMOVED]
    times = [divmod(e.mtime_ns, _SECOND) for e in kept]
    columns[11] = write_deltas([seconds for seconds, _ in times])
    columns[13] = write_varints([nanoseconds for _, nanoseconds in times])
    _write_sized(columns, [e for e in kept if e.kind != FileKind.DIRECTORY])
    _write_places(columns, [e for e in kept if e.object is not None])
    stores = [each.stores_digest for each in listed]
    columns[27] = b"".join(
        [e.digest or b"" for e, row in zip(entries, rows, strict=True) if stores[row]]
    )
    links = [e.link or b"" for e in kept if e.kind == FileKind.SYMLINK]
    columns[29], columns[31] = write_varints([len(link) for link in links]), b"".join(links)
    _write_attributes(columns, entries)
    return write_page(PageType.FILES, len(entries), columns, _STORED)


def _write_sized(columns: dict[int, bytes], sized: list[IndexEntry]) -> None:
    columns[15] = write_varints([e.size for e in sized])
    changed, modified = [e.ctime_ns for e in sized], [e.mtime_ns for e in sized]
    distances = write_deltas(changed, modified)
    if any(distances):
        deltas = write_deltas(changed)
        shorter = 19 if len(distances) <= len(deltas) else 17
        columns[shorter] = distances if shorter == 19 else deltas
    columns[21] = write_deltas([e.inode for e in sized])


def _write_places(columns: dict[int, bytes], filled: list[IndexEntry]) -> None:
    columns[23] = write_deltas([e.object or 0 for e in filled])
    surprises, before, end = [], None, 0
    for entry in filled:
        surprises.append(entry.offset - (end if entry.object == before else 0))
        before, end = entry.object, entry.offset + entry.size
    columns[25] = write_signed(surprises)


def _write_attributes(columns: dict[int, bytes], entries: Sequence[IndexEntry]) -> None:
    by_tag: dict[int, list[tuple[int, bytes]]] = {}
    for row, entry in enumerate(entries):
        for tag, value in entry.attributes:
            by_tag.setdefault(tag, []).append((row, value))
    for tag, values in by_tag.items():
        if tag < FIRST_ATTRIBUTE or tag & 1:
            raise ValueError(f"{tag} is not the tag of an attribute")
        columns[tag] = write_sparse(values)


def read_files(data: bytes) -> list[IndexEntry]:
    """The entries of a page, all checked; `IndexUnreadableError`."""
    return read_columns(data).entries()
