"""pack: from the bytes of a pack to the files of some rows.

Everything about small files happens here in one call for a whole pack: the digest of each file is
checked, its directory is opened once for all files in it, and what comes of it is counted in one
batch. Blocking, for a thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import compress
from operator import attrgetter
from typing import NamedTuple

from usenetsync_tui.catalogue.tables.version_files import VersionRow
from usenetsync_tui.codec.index.attributes import read_extents, read_xattrs
from usenetsync_tui.disk.content import Content, content_of
from usenetsync_tui.disk.restored.attributes import Attributes
from usenetsync_tui.disk.restored.target_tree import TargetTree
from usenetsync_tui.disk.restored.writers.writer_process import FIELDS, MOST_GROUPS
from usenetsync_tui.errors import FileDamagedError, TargetFileError
from usenetsync_tui.model.entries import NoticeKind
from usenetsync_tui.pipeline.restore.report import RestoredBatch

NEVER_POSTED = "its bytes were never posted"
OTHER_BYTES = "the stored bytes are not those that were backed up"
_NO_DIGEST = "the catalogue has no digest for it"
_FILE = attrgetter(*FIELDS)
File = tuple[VersionRow, bytes]
"""A row, and the bytes of its file."""


class Missing(NamedTuple):
    """Files to write into one directory."""

    parent: bytes
    """Its path with a slash; ``b""`` for the root."""
    rows: list[VersionRow]


def by_directory(rows: Iterable[VersionRow]) -> Iterator[tuple[bytes, list[VersionRow]]]:
    """Successive rows of one directory, with its path and a slash (``b""`` for the root)."""
    parent, inside = b"", list[VersionRow]()
    for row in rows:
        path = row.path
        above = path[: path.rfind(b"/") + 1]
        if above != parent and inside:
            yield parent, inside
            inside = []
        parent = above
        inside.append(row)
    if inside:
        yield parent, inside


def unpack(
    target: TargetTree, missing: Sequence[Missing], data: bytes, batch: RestoredBatch
) -> None:
    """Write files of the pack with these bytes. Raises TargetError."""
    if target.has_writers:
        missing = _left_over(target, missing, data, batch)
    for parent, rows in missing:
        right = list[File]()

        def take(row: VersionRow, batch: RestoredBatch, right: list[File] = right) -> None:
            begin = max(0, row.object_offset or 0)
            found = data[begin : begin + row.size]
            if not content(row).is_of(found):
                raise FileDamagedError(OTHER_BYTES)
            right.append((row, found))

        each(take, rows, batch)
        if right:
            _write(target, parent, right, batch)


def _left_over(
    target: TargetTree, missing: Sequence[Missing], data: bytes, batch: RestoredBatch
) -> list[Missing]:
    """What is left of some files when other processes have made the ordinary ones."""
    left = list[Missing]()
    for first in range(0, len(missing), MOST_GROUPS):
        some = missing[first : first + MOST_GROUPS]
        files = [(parent, list(map(_FILE, rows))) for parent, rows in some]
        for (parent, rows), made in zip(some, target.make_files(files, data), strict=True):
            batch.written(list(compress(rows, made)))
            if not all(made):
                others = [row for row, is_made in zip(rows, made, strict=True) if not is_made]
                left.append(Missing(parent, others))
    return left


def _write(target: TargetTree, parent: bytes, files: list[File], batch: RestoredBatch) -> None:
    try:
        directory = target.small_files(parent)
    except TargetFileError as error:
        for row, _ in files:
            batch.missed(row, NoticeKind.UNWRITABLE, error.reason)
        return
    with directory:
        for row, data in files:
            try:
                batch.done(row, directory.write(row.path, data, attributes(row)))
            except TargetFileError as error:
                batch.missed(row, NoticeKind.UNWRITABLE, error.reason)


def each(
    work: Callable[[VersionRow, RestoredBatch], None],
    rows: Iterable[VersionRow],
    batch: RestoredBatch,
) -> None:
    """Do `work` with every row; what goes wrong with one is reported."""
    for row in rows:
        try:
            work(row, batch)
        except TargetFileError as error:
            batch.missed(row, NoticeKind.UNWRITABLE, error.reason)
        except FileDamagedError as error:
            batch.missed(row, NoticeKind.DAMAGED, error.reason)


def attributes(row: VersionRow) -> Attributes:
    """Mode, time, owner and extended attributes of a row's path."""
    xattrs = read_xattrs(row.xattrs) if row.xattrs else ()
    return Attributes(row.mode, row.mtime_ns, row.uid, row.gid, xattrs)


def content(row: VersionRow) -> Content:
    """The bytes that a row's file must have; FileDamagedError when the row does not tell."""
    found = content_of(row.size, row.file_digest, row.segment_size)
    if found is None:
        raise FileDamagedError(_NO_DIGEST)
    return found if row.extents is None else found._replace(extents=read_extents(row.extents))
