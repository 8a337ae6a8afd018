"""directories: sets the directories' own attributes, when everything in them is done.

Children come before their parents, so that a restrictive mode blocks no path that is still needed.
The reversed catalogue order does this, except for long paths (see `upload.long_paths`). Among
those with the same head, directories that their mode closes to their owner wait for the others,
and then the longest goes first. The waiting list is bounded in bytes; a directory beyond the bound
gets its mode at once, and may lose it again when something below it must be opened.
"""

from __future__ import annotations

import stat
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from anyio import to_thread

from usenetsync_tui.catalogue.tables import version_files
from usenetsync_tui.catalogue.tables.version_files import DirectoryRow, Span
from usenetsync_tui.codec.index.attributes import read_xattrs
from usenetsync_tui.disk.restored.attributes import Attributes
from usenetsync_tui.errors import TargetFileError
from usenetsync_tui.model.entries import Notice, NoticeKind
from usenetsync_tui.model.path_keys import KEY_HEAD, path_key
from usenetsync_tui.pipeline.restore.files import RestoreContext
from usenetsync_tui.pipeline.restore.owners import localized
from usenetsync_tui.pipeline.restore.report import RestoredBatch

_TO_PASS = stat.S_IRUSR | stat.S_IXUSR
"""The bits that the owner of a directory needs to reach the entries below it."""
_WAITING = 16 << 20
"""Most bytes of keys of waiting directories."""


@dataclass(slots=True)
class _Closed:
    """Directories with the same head that get their mode last: their path lengths and keys."""

    head: bytes = b""
    waiting: list[tuple[int, bytes]] = field(default_factory=list)
    size: int = 0

    def take(self, row: DirectoryRow) -> bool:
        """Add a directory if it must wait; returns whether it must."""
        if len(row.path) <= KEY_HEAD or row.mode & _TO_PASS == _TO_PASS or self.size > _WAITING:
            return False
        self.head = row.path[:KEY_HEAD]
        self.waiting.append((len(row.path), row.key))
        self.size += len(row.key)
        return True


async def finish_directories(
    shared: RestoreContext, parts: list[Span], paths: Sequence[bytes], *, owns_target: bool
) -> None:
    """Set owners, modes and times of the directories of some spans, children before parents.

    Then those of the directories above the restored paths, which the restore had to make, up to
    the target.
    """
    for span in reversed(parts):
        closed, rest = _Closed(), span
        while page := await _page(shared, rest):
            now: list[DirectoryRow] = []
            for row in page:
                if closed.waiting and row.key[:KEY_HEAD] != closed.head:
                    await _finish(shared, now, owns_target=owns_target)
                    await _finish_closed(shared, span, closed)
                    now, closed = [], _Closed()
                if not closed.take(row):
                    now.append(row)
            await _finish(shared, now, owns_target=owns_target)
            rest = replace(rest, until=page[-1].key)
        await _finish_closed(shared, span, closed)
    for above in around(paths):
        span = Span(parts[0].folder, parts[0].version, path_key(above), path_key(above) + b"\0")
        await _finish(shared, await _page(shared, span), owns_target=owns_target)


def around(paths: Sequence[bytes]) -> list[bytes]:
    """The directories above some paths, the deepest first, the folder itself (``b""``) last."""
    found = set()
    for path in paths:
        name = path.strip(b"/")
        while name:
            name = name[: name.rfind(b"/") + 1].rstrip(b"/")
            found.add(name and name + b"/")
    return sorted(found, key=lambda above: (-above.count(b"/"), above))


async def _finish_closed(shared: RestoreContext, span: Span, closed: _Closed) -> None:
    """Finish the longest path first: if one of two lies in the other, that is the inner one."""
    for _, key in sorted(closed.waiting, reverse=True):
        page = await _page(shared, replace(span, start=key, until=key + b"\0"))
        await _finish(shared, page, owns_target=True)


async def _page(shared: RestoreContext, span: Span) -> list[DirectoryRow]:
    async with shared.run.catalogue.transaction() as tx:
        page = await version_files.version_directories(tx, span, shared.run.limits.batch_size)
    return [localized(row, shared.owners) for row in page]


async def _finish(shared: RestoreContext, rows: list[DirectoryRow], *, owns_target: bool) -> None:
    batch = RestoredBatch()

    def work() -> None:
        for row in rows:
            if (not row.path and not owns_target) or shared.parts.excludes(row.path):
                continue
            xattrs = read_xattrs(row.xattrs) if row.xattrs else ()
            wanted = Attributes(row.mode, row.mtime_ns, row.uid, row.gid, xattrs)
            try:
                batch.lacking(row.path, shared.target.finish_directory(row.path, wanted))
            except TargetFileError as error:
                batch.notices.append(Notice(NoticeKind.UNWRITABLE, row.path, error.reason))

    try:
        await to_thread.run_sync(work)
    finally:
        await shared.report.take(batch)
