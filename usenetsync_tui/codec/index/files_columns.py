"""The columns of a page of files, as they are read (`files_page` has the format).

An index of three million files is adopted column by column: an entry for each of them would cost
more than all the rest. Whoever needs entries gets them of `read_files`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain, compress, pairwise
from operator import add, not_
from typing import NamedTuple, TypeVar

from usenetsync_tui.codec.digests import DIGEST_SIZE
from usenetsync_tui.codec.index.classes import FileClass, read_classes
from usenetsync_tui.codec.index.page import IndexPage, PageType, read_page
from usenetsync_tui.codec.index.paths import check_paths, read_paths
from usenetsync_tui.codec.index.sparse import read_sparse
from usenetsync_tui.codec.index.varints import (
    read_deltas,
    read_signed,
    read_varints,
    slices,
    wrapped,
)
from usenetsync_tui.errors import IndexUnreadableError
from usenetsync_tui.model.entries import MOST, FileKind
from usenetsync_tui.model.index.entries import Attribute, EntryChange, IndexEntry

FIRST_ATTRIBUTE = 64
_KNOWN = frozenset(range(1, 32, 2))
_SECOND = 1_000_000_000
_Value = TypeVar("_Value")
_Other = TypeVar("_Other")


class FilesColumns(NamedTuple):
    """The fields of `IndexEntry`, a list of each with one value for every row."""

    paths: Sequence[bytes]
    classes: Sequence[FileClass]
    """Those that rows may be of."""
    numbers: Sequence[int]
    """Which of them each row is of."""
    objects: Sequence[int | None]
    offsets: Sequence[int]
    sizes: Sequence[int]
    mtimes: Sequence[int]
    ctimes: Sequence[int]
    inodes: Sequence[int]
    digests: Sequence[bytes | None]
    links: Mapping[int, bytes]
    """By row."""
    attributes: Mapping[int, tuple[Attribute, ...]]
    """By row."""

    @classmethod
    def of(cls, entries: Sequence[IndexEntry]) -> FilesColumns:
        """Those of some entries."""
        classes = [FileClass(*e[1:9], e.object is not None) for e in entries]
        return cls(
            [e.path for e in entries],
            classes,
            range(len(entries)),
            [e.object for e in entries],
            [e.offset for e in entries],
            [e.size for e in entries],
            [e.mtime_ns for e in entries],
            [e.ctime_ns for e in entries],
            [e.inode for e in entries],
            [e.digest for e in entries],
            {row: e.link for row, e in enumerate(entries) if e.link is not None},
            {row: e.attributes for row, e in enumerate(entries) if e.attributes},
        )

    def entries(self) -> list[IndexEntry]:
        """The rows."""
        fields = [c[:8] for c in self.classes]
        links, attributes = self.links.get, self.attributes.get
        every = zip(
            self.paths,
            map(fields.__getitem__, self.numbers),
            self.objects,
            self.offsets,
            self.sizes,
            self.mtimes,
            self.ctimes,
            self.inodes,
            self.digests,
            strict=True,
        )
        return [
            IndexEntry._make((path, *of_class, *numbers, links(row), digest, attributes(row, ())))
            for row, (path, of_class, *numbers, digest) in enumerate(every)
        ]

    def only(self, rows: Sequence[int]) -> FilesColumns:
        """Some of the rows, ascending."""

        def some(column: Sequence[_Value]) -> list[_Value]:
            return [column[row] for row in rows]

        return FilesColumns(
            some(self.paths),
            self.classes,
            some(self.numbers),
            some(self.objects),
            some(self.offsets),
            some(self.sizes),
            some(self.mtimes),
            some(self.ctimes),
            some(self.inodes),
            some(self.digests),
            {at: self.links[row] for at, row in enumerate(rows) if row in self.links},
            {at: self.attributes[row] for at, row in enumerate(rows) if row in self.attributes},
        )


def read_columns(data: bytes) -> FilesColumns:
    """The columns of a page, all checked; `IndexUnreadableError`."""
    page = read_page(data, PageType.FILES)
    paths = read_paths(page.column(1), page.column(3), page.column(5), page.rows)
    check_paths(paths)
    classes, numbers = _classes(page, paths)
    kept = _Rows(numbers, [c.change != EntryChange.REMOVED for c in classes])
    sized = _Rows(
        numbers,
        [c.change != EntryChange.REMOVED and c.kind != FileKind.DIRECTORY for c in classes],
    )
    filled = _Rows(numbers, [c.has_object for c in classes])
    digested = _Rows(numbers, [c.stores_digest for c in classes])
    mtimes = kept.spread(_modified(page, kept.count), 0)
    sizes = sized.spread(_checked(read_varints(page.column(15), sized.count)), 0)
    objects, offsets = _places(page, filled.of(sizes))
    return FilesColumns(
        paths,
        classes,
        numbers,
        filled.spread(objects, None),
        filled.spread(offsets, 0),
        sizes,
        mtimes,
        sized.spread(_changed(page, sized.of(mtimes)), 0),
        sized.spread(read_deltas(page.column(21), sized.count), 0),
        digested.spread(slices(page.column(27), [DIGEST_SIZE] * digested.count), None),
        _links(page, _Rows(numbers, [c.kind == FileKind.SYMLINK for c in classes])),
        _attributes(page),
    )


class _Rows:
    """The rows that a column has values for."""

    def __init__(self, numbers: Sequence[int], of_classes: Sequence[bool]) -> None:
        """`numbers`: of the class of each row. `of_classes`: whether rows of a class have one."""
        self.where = list(map(of_classes.__getitem__, numbers))
        self.count = sum(self.where)
        self._others = list(compress(range(len(self.where)), map(not_, self.where)))

    def of(self, column: list[_Value]) -> list[_Value]:
        """The values of these rows in a column of all rows."""
        return list(compress(column, self.where)) if self._others else column

    def spread(self, values: Sequence[_Value], without: _Other) -> list[_Value | _Other]:
        """A column of all rows, of the values of these."""
        column: list[_Value | _Other] = []
        at = 0
        for before, row in enumerate(self._others):
            column += values[at : row - before]
            column.append(without)
            at = row - before
        column += values[at:]
        return column


def _checked(numbers: list[int]) -> list[int]:
    """Sizes and places, which are below 2^63."""
    if numbers and (max(numbers) > MOST or min(numbers) < 0):
        raise IndexUnreadableError("A size or a place is impossible.")
    return numbers


def _classes(page: IndexPage, paths: Sequence[bytes]) -> tuple[list[FileClass], list[int]]:
    """The classes, and the number of each row's."""
    classes = read_classes(page.column(7), page.rows)
    numbers = read_varints(page.column(9), page.rows)
    if numbers and max(numbers) >= len(classes):
        raise IndexUnreadableError("A file is of a class that is not listed.")
    must_end = [
        None if c.change == EntryChange.REMOVED else c.kind == FileKind.DIRECTORY for c in classes
    ]
    for path, number in zip(paths, numbers, strict=True):
        if must_end[number] is not (path[-1:] in _DIRECTORY_ENDS) and must_end[number] is not None:
            raise IndexUnreadableError("A directory is not one, or a file is.")
    return classes, numbers


_DIRECTORY_ENDS = frozenset((b"", b"/"))
"""How the path of a directory ends; that of the folder itself is empty."""


def _modified(page: IndexPage, count: int) -> list[int]:
    """The mtime of each kept row, in nanoseconds."""
    seconds, nanoseconds = read_deltas(page.column(11), count), read_varints(page.column(13), count)
    if nanoseconds and max(nanoseconds) >= _SECOND:
        raise IndexUnreadableError("A second has too many nanoseconds.")
    times = [s * _SECOND + n for s, n in zip(seconds, nanoseconds, strict=True)]
    if times and not -MOST <= min(times) <= max(times) < 2 * MOST:
        raise IndexUnreadableError("A time is impossible.")
    return times


def _changed(page: IndexPage, modified: list[int]) -> list[int]:
    """The ctime of each sized row, in nanoseconds."""
    deltas, distances = page.column(17), page.column(19)
    if deltas and distances:
        raise IndexUnreadableError("It has two times of the last change.")
    if deltas:
        return read_deltas(deltas, len(modified))
    if distances:
        return read_deltas(distances, len(modified), modified)
    return [wrapped(each) for each in modified]


def _places(page: IndexPage, sizes: list[int]) -> tuple[list[int], list[int]]:
    """Object and offset of each filled row."""
    objects = _checked(read_deltas(page.column(23), len(sizes)))
    if objects and not min(objects):
        raise IndexUnreadableError("An object has no number.")
    offsets, end = [], 0
    steps = read_signed(page.column(25), len(sizes))
    for before, number, step, size in zip(
        chain((None,), objects), objects, steps, sizes, strict=False
    ):
        offset = step + end if number == before else step
        end = offset + size
        offsets.append(offset)
    _checked(list(map(add, offsets, sizes)))
    return objects, _checked(offsets)


def _links(page: IndexPage, symlinks: _Rows) -> dict[int, bytes]:
    """The target of each symlink."""
    targets = slices(page.column(31), read_varints(page.column(29), symlinks.count))
    if any(b"\0" in target for target in targets):
        raise IndexUnreadableError("The target of a symlink has a NUL.")
    return dict(zip(symlinks.of(list(range(page.rows))), targets, strict=True))


def _attributes(page: IndexPage) -> dict[int, tuple[Attribute, ...]]:
    found: dict[int, tuple[Attribute, ...]] = {}
    additions = page.additions(_KNOWN)
    for tag in sorted(additions):
        if tag >= FIRST_ATTRIBUTE:
            values = read_sparse(additions[tag], page.rows)
            if any(now == then for (now, _), (then, _) in pairwise(values)):
                raise IndexUnreadableError("A file has an attribute twice.")
            for row, value in values:
                found[row] = (*found.get(row, ()), (tag, value))
    return found
