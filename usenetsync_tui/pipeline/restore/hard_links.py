"""hard_links: restores further names of a file as names of it, when everything else is there.

The first name of a set that the restore comes to is restored like any file; the others wait until
the workers are done. Then the rows of each set come together: a name whose row says the same as the
first one's becomes another name of that file. If the first could not be restored, or the target has
no hard links, the content is restored for the name as well. Memory: eight bytes for a set.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter

from anyio import to_thread

from usenetsync_tui.catalogue.tables import version_files
from usenetsync_tui.catalogue.tables.version_files import Span, VersionRow
from usenetsync_tui.disk.restored.attributes import Lack
from usenetsync_tui.errors import TargetFileError
from usenetsync_tui.model.entries import FileKind, NoticeKind
from usenetsync_tui.pipeline.restore.files import RestoreContext, Restorer
from usenetsync_tui.pipeline.restore.owners import localized
from usenetsync_tui.pipeline.restore.pack import attributes
from usenetsync_tui.pipeline.restore.report import RestoredBatch
from usenetsync_tui.pipeline.restore.target_parts import TargetParts

_SAME = attrgetter("kind", "size", "digest", "mtime_ns", "mode", "uid", "gid", "xattrs", "extents",
                   "link", "state")  # fmt: skip
Pair = tuple[VersionRow, VersionRow]
"""The first name of a file, and another one."""
IsWanted = Callable[[VersionRow], bool]


def waits(shared: RestoreContext, row: VersionRow) -> bool:
    """Whether a row waits until another name of its file is restored. Rows come in path order."""
    if row.link_set is None or row.kind == FileKind.DIRECTORY:
        return False
    if row.link_set in shared.linked:
        return True
    shared.linked.add(row.link_set)
    return False


def within(spans: list[Span], parts: TargetParts) -> IsWanted:
    """Whether a row that may have several names is in one of some spans, and not excluded."""
    return lambda row: (
        row.kind != FileKind.DIRECTORY
        and not parts.excludes(row.path)
        and any(
            span.start <= row.key and (span.until is None or row.key < span.until) for span in spans
        )
    )


async def restore_links(shared: RestoreContext, is_wanted: IsWanted, restorer: Restorer) -> None:
    """Make the further names. `restorer`: writes files of their own where that fails."""
    if not len(shared.linked):
        return
    folder, version = shared.run.folder.id, shared.run.version
    limit = shared.run.limits.batch_size
    after, first = (-1, b""), None
    while not shared.is_over():
        await shared.run.gate.passed()
        async with shared.run.catalogue.transaction() as tx:
            page = await version_files.linked_page(tx, folder, version, after, limit)
        if not page:
            return
        after = page[-1].link_set or 0, page[-1].key
        pairs = list[Pair]()
        for row in filter(is_wanted, page):
            if first is None or first.link_set != row.link_set:
                first = row
            else:
                pairs.append((first, row))
        for row in await _linked(shared, pairs):
            await restorer.restore_alone(localized(row, shared.owners))


async def _linked(shared: RestoreContext, pairs: list[Pair]) -> list[VersionRow]:
    """Make names of the files of pairs; returns the rows that need content of their own."""
    batch, alone = RestoredBatch(), list[VersionRow]()

    def work() -> None:
        for first, row in pairs:
            if (first.link_set or 0) in shared.report.missed_links or _SAME(first) != _SAME(row):
                alone.append(row)
                continue
            try:
                made = shared.target.link(row.path, first.path, attributes(row))
            except TargetFileError as error:
                batch.missed(row, NoticeKind.UNWRITABLE, error.reason)
                continue
            if isinstance(made, Lack):
                batch.lacking(row.path, [made])
                alone.append(row)
            else:
                batch.done(row, (), kept=made)

    try:
        await to_thread.run_sync(work)
    finally:
        await shared.report.take(batch)
    return alone
