"""Reads pages of files into columns, all checked (`files_page` has the format)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, pairwise
from operator import add

from usenetsync_tui.codec.digests import DIGEST_SIZE
from usenetsync_tui.codec.index.classes import FileClass, read_classes
from usenetsync_tui.codec.index.files_columns import FIRST_ATTRIBUTE, ColumnRows, FilesColumns
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
from usenetsync_tui.model.index.entries import Attribute, EntryChange

_KNOWN = frozenset(range(1, 32, 2))
_SECOND = 1_000_000_000


def read_columns(data: bytes) -> FilesColumns:
    """The columns of a page, all checked; `IndexUnreadableError`."""
    page = read_page(data, PageType.FILES)
    paths = read_paths(page.column(1), page.column(3), page.column(5), page.rows)
    check_paths(paths)
    classes, numbers = _classes(page, paths)
    kept = ColumnRows(numbers, [c.change != EntryChange.REMOVED for c in classes])
    sized = ColumnRows(
        numbers,
        [c.change != EntryChange.REMOVED and c.kind != FileKind.DIRECTORY for c in classes],
    )
    filled = ColumnRows(numbers, [c.has_object for c in classes])
    digested = ColumnRows(numbers, [c.stores_digest for c in classes])
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
        _links(page, ColumnRows(numbers, [c.kind == FileKind.SYMLINK for c in classes])),
        _attributes(page),
    )


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


def _changed(page: IndexPage, modified: Sequence[int]) -> list[int]:
    """The ctime of each sized row, in nanoseconds."""
    deltas, distances = page.column(17), page.column(19)
    if deltas and distances:
        raise IndexUnreadableError("It has two times of the last change.")
    if deltas:
        return read_deltas(deltas, len(modified))
    if distances:
        return read_deltas(distances, len(modified), modified)
    return [wrapped(each) for each in modified]


def _places(page: IndexPage, sizes: Sequence[int]) -> tuple[list[int], list[int]]:
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


def _links(page: IndexPage, symlinks: ColumnRows) -> dict[int, bytes]:
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
