"""give_up: records why a file was not read, and what becomes of it."""

from __future__ import annotations

from anyio import to_thread

from usenetsync_tui.catalogue.tables import files, new_files
from usenetsync_tui.catalogue.tables.files import PendingFile
from usenetsync_tui.disk.source.source_tree import SourceTree
from usenetsync_tui.errors import SourceFileError
from usenetsync_tui.model.entries import Entry, FileKind, Notice, NoticeKind
from usenetsync_tui.pipeline.run.job_run import JobRun


async def give_up(
    run: JobRun, source: SourceTree, file: PendingFile, error: SourceFileError
) -> None:
    """Record why a file was not read.

    A file that is gone leaves this version, a changed one is pending again as it is now, and an
    unreadable one is failed.
    """
    path, key, size = file.entry.path, file.key, file.entry.size
    await run.notice(Notice(error.kind, path, error.reason))
    seen = None
    if error.kind is NoticeKind.CHANGED:
        try:
            seen = await to_thread.run_sync(source.restat, path)
        except SourceFileError as unreadable:
            error = unreadable
    folder, version = run.folder.id, run.version
    async with run.catalogue.transaction() as tx:
        if seen is not None and seen.kind == FileKind.REGULAR:
            await files.apply_changes(tx, folder, version, [seen], [])
            run.progress.total_bytes += seen.size - size
            return
        if error.kind in (NoticeKind.CHANGED, NoticeKind.VANISHED):
            await files.apply_changes(tx, folder, version, [], [key])
        else:
            await new_files.add_rowless(tx, folder, version, [file])
            await files.set_failed(tx, folder, [(key, error.reason)])
    run.progress.failed(size)


def why_unreadable(source: SourceTree, entry: Entry) -> Notice | None:
    """Why a file that failed before still cannot be opened; None when it can. Blocking."""
    try:
        with source.open(entry):
            return None
    except SourceFileError as error:
        return Notice(error.kind, entry.path, error.reason)
