"""restore: the directories' own attributes, when everything in them is done."""

from __future__ import annotations

from dataclasses import replace

from anyio import to_thread

from usenetsync_tui.catalogue import files
from usenetsync_tui.catalogue.files import DirectoryRow, Span
from usenetsync_tui.errors import TargetFileError
from usenetsync_tui.model.entries import Notice, NoticeKind
from usenetsync_tui.model.path_keys import path_key
from usenetsync_tui.pipeline.restore_files import Restoring
from usenetsync_tui.pipeline.restore_report import Batch
from usenetsync_tui.pipeline.target_attributes import Attributes


async def finish_directories(
    shared: Restoring, parts: list[Span], prefix: bytes, *, owns_target: bool
) -> None:
    """Owners, modes and times of the directories of some spans, children before their parents.

    Then those around the `prefix`, which the restore had to make, up to the target itself.
    """
    for span in reversed(parts):
        while page := await _page(shared, span):
            await _finish(shared, page, owns_target=owns_target)
            span = replace(span, until=page[-1].key)
    for above in around(prefix):
        span = Span(parts[0].folder, parts[0].version, path_key(above), path_key(above) + b"\0")
        await _finish(shared, await _page(shared, span), owns_target=owns_target)


def around(prefix: bytes) -> list[bytes]:
    """The directories that a path lies in, the nearest first, the folder itself (``b""``) last."""
    name = prefix.strip(b"/")
    found = []
    while name:
        name = name[: name.rfind(b"/") + 1].rstrip(b"/")
        found.append(name and name + b"/")
    return found


async def _page(shared: Restoring, span: Span) -> list[DirectoryRow]:
    async with shared.run.catalogue.transaction() as tx:
        return await files.version_directories(tx, span, shared.run.limits.batch_size)


async def _finish(shared: Restoring, rows: list[DirectoryRow], *, owns_target: bool) -> None:
    batch = Batch()

    def work() -> None:
        for row in rows:
            if not row.path and not owns_target:
                continue
            wanted = Attributes(row.mode, row.mtime_ns, row.uid, row.gid)
            try:
                batch.lacking(row.path, shared.target.finish_directory(row.path, wanted))
            except TargetFileError as error:
                batch.notices.append(Notice(NoticeKind.UNWRITABLE, row.path, error.reason))

    try:
        await to_thread.run_sync(work)
    finally:
        await shared.report.take(batch)
