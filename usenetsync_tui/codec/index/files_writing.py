"""Writes pages of files from columns (`files_page` has the format)."""

from __future__ import annotations

from collections.abc import Sequence

from usenetsync_tui.codec.index.classes import FileClass, write_classes
from usenetsync_tui.codec.index.files_columns import FIRST_ATTRIBUTE, ColumnRows, FilesColumns
from usenetsync_tui.codec.index.page import PageType, write_page
from usenetsync_tui.codec.index.paths import write_paths
from usenetsync_tui.codec.index.sparse import write_sparse
from usenetsync_tui.codec.index.varints import write_deltas, write_signed, write_varints
from usenetsync_tui.model.entries import FileKind
from usenetsync_tui.model.index.entries import EntryChange

_STORED = (27,)
_SECOND = 1_000_000_000


def write_columns(files: FilesColumns, shared: Sequence[int] | None = None) -> bytes:
    """A page of files, strictly ascending by path. `shared`: as in `paths.write_paths`."""
    columns: dict[int, bytes] = {}
    columns[1], columns[3], columns[5] = write_paths(files.paths, shared)
    classes, rows = _classes(files)
    columns[7], columns[9] = write_classes(classes), write_varints(rows)
    is_kept = [each.change != EntryChange.REMOVED for each in classes]
    kinds = [each.kind if kept else None for each, kept in zip(classes, is_kept, strict=True)]
    times = [divmod(time, _SECOND) for time in ColumnRows(rows, is_kept).of(files.mtimes)]
    columns[11] = write_deltas([seconds for seconds, _ in times])
    columns[13] = write_varints([nanoseconds for _, nanoseconds in times])
    is_sized = [kind is not None and kind != FileKind.DIRECTORY for kind in kinds]
    _write_sized(columns, files, ColumnRows(rows, is_sized))
    _write_places(columns, files, ColumnRows(rows, [each.has_object for each in classes]))
    digested = ColumnRows(rows, [each.stores_digest for each in classes])
    columns[27] = b"".join([digest or b"" for digest in digested.of(files.digests)])
    symlinks = ColumnRows(rows, [kind == FileKind.SYMLINK for kind in kinds])
    links = [files.links.get(row, b"") for row in symlinks.of(range(len(rows)))]
    columns[29], columns[31] = write_varints([len(link) for link in links]), b"".join(links)
    _write_attributes(columns, files)
    return write_page(PageType.FILES, len(rows), columns, _STORED)


def _classes(files: FilesColumns) -> tuple[list[FileClass], list[int]]:
    """The classes that rows are of, in the order of their first rows, and that of each row."""
    places: dict[FileClass, int] = {}
    numbers = {
        number: places.setdefault(files.classes[number], len(places))
        for number in dict.fromkeys(files.numbers)
    }
    return [*places], list(map(numbers.__getitem__, files.numbers))


def _write_sized(columns: dict[int, bytes], files: FilesColumns, sized: ColumnRows) -> None:
    columns[15] = write_varints(sized.of(files.sizes))
    changed, modified = sized.of(files.ctimes), sized.of(files.mtimes)
    distances = write_deltas(changed, modified)
    if any(distances):
        deltas = write_deltas(changed)
        shorter = 19 if len(distances) <= len(deltas) else 17
        columns[shorter] = distances if shorter == 19 else deltas
    columns[21] = write_deltas(sized.of(files.inodes))


def _write_places(columns: dict[int, bytes], files: FilesColumns, filled: ColumnRows) -> None:
    objects = [number or 0 for number in filled.of(files.objects)]
    columns[23] = write_deltas(objects)
    surprises, before, end = [], None, 0
    for number, offset, size in zip(
        objects, filled.of(files.offsets), filled.of(files.sizes), strict=True
    ):
        surprises.append(offset - (end if number == before else 0))
        before, end = number, offset + size
    columns[25] = write_signed(surprises)


def _write_attributes(columns: dict[int, bytes], files: FilesColumns) -> None:
    by_tag: dict[int, list[tuple[int, bytes]]] = {}
    for row, attributes in sorted(files.attributes.items()):
        for tag, value in attributes:
            by_tag.setdefault(tag, []).append((row, value))
    for tag, values in by_tag.items():
        if tag < FIRST_ATTRIBUTE or tag & 1:
            raise ValueError(f"{tag} is not the tag of an attribute")
        columns[tag] = write_sparse(values)
