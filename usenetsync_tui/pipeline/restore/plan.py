"""plan: what a restore would do to each path, found without doing it.

Asks of each row of the version what `files` would do with it (`disk.restored.present`), then finds
what would be deleted (`surplus`). Reads existing files of the right size, as the restore does, and
fetches nothing: whether the store still has the bytes shows only in the restore, or in `verify`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace

from anyio import to_thread

from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.catalogue.tables import version_files
from usenetsync_tui.catalogue.tables.metadata import metadata
from usenetsync_tui.catalogue.tables.version_files import Span, VersionRow
from usenetsync_tui.disk.restored.metadata.special import Special
from usenetsync_tui.disk.restored.present import PresentTree, Verdict
from usenetsync_tui.errors import FileDamagedError, SourceError, TargetError
from usenetsync_tui.model.entries import SPECIAL, FileKind, FileState, NoticeKind
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.metadata.owners import NUMERIC, OwnerMap
from usenetsync_tui.model.restores.paths import directories_above
from usenetsync_tui.model.restores.plans import Fate, PlanBatch, PlannedPath
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.pipeline.restore.owners import localized, owners_here
from usenetsync_tui.pipeline.restore.pack import NEVER_POSTED, attributes, content
from usenetsync_tui.pipeline.restore.surplus import OpenDirectories, SurplusBatch, surplus
from usenetsync_tui.pipeline.restore.target_parts import TargetParts
from usenetsync_tui.pipeline.restore.version_paths import require_paths, spans_of

_PAGE = 1_000
_WOULD_MISS = "nothing would be deleted, because files could not be restored."


async def plan(
    catalogue: Catalogue, folder: Folder, version: int, paths: Sequence[bytes], parts: TargetParts
) -> AsyncIterator[PlanBatch]:
    """Everything that the restore would do, in batches. `UnknownPathError`, `TargetError`."""
    async with catalogue.transaction() as tx:
        await require_paths(tx, folder, version, paths)
        here = NUMERIC if parts.choices.numeric_ids else await owners_here(tx, folder.id)
        is_exact = await metadata.tells_all(tx, folder.id, version)
    spans = spans_of(folder.id, version, paths)
    await to_thread.run_sync(parts.check)
    can_delete = parts.choices.delete
    with await to_thread.run_sync(_opened, parts, is_exact) as tree:
        for span in spans:
            async for batch in _planned(catalogue, span, parts, tree, here):
                can_delete &= not any(row.fate is Fate.FAIL for row in batch.rows)
                yield batch
    if parts.choices.delete and not can_delete:
        yield PlanBatch((), (_WOULD_MISS,))
    elif can_delete:
        async for found in _surplus(catalogue, spans, parts):
            yield found


async def plan_deletion(
    catalogue: Catalogue, folder: Folder, version: int, paths: Sequence[bytes], parts: TargetParts
) -> AsyncIterator[PlanBatch]:
    """What the restore would delete if every file can be restored."""
    await to_thread.run_sync(parts.check)
    async for found in _surplus(catalogue, spans_of(folder.id, version, paths), parts):
        yield found


async def _surplus(
    catalogue: Catalogue, spans: Sequence[Span], parts: TargetParts
) -> AsyncIterator[PlanBatch]:
    """What would be deleted."""
    if not await to_thread.run_sync(parts.is_there):
        return
    try:
        deletions = _Deletions()
        async for found in surplus(catalogue, spans, parts):
            yield deletions.of(found)
        yield deletions.end()
    except SourceError as error:
        yield PlanBatch((), (safe_name(str(error)),))


def _opened(parts: TargetParts, is_exact: bool) -> PresentTree:
    try:
        return PresentTree(parts.root, parts.overwriting, is_exact=is_exact)
    except OSError as caught:
        raise TargetError(f"{safe_name(parts.root)}: {caught.strerror}.") from caught


async def _planned(
    catalogue: Catalogue, span: Span, parts: TargetParts, tree: PresentTree, here: OwnerMap
) -> AsyncIterator[PlanBatch]:
    while True:
        async with catalogue.transaction() as tx:
            page = await version_files.version_page(tx, span, _PAGE)
        if not page:
            return
        wanted = [row for row in page if row.path and not parts.excludes(row.path)]
        rows = [localized(row, here) for row in wanted]
        yield await to_thread.run_sync(_batch, tree, rows)
        span = replace(span, start=page[-1].key + b"\0")


def _batch(tree: PresentTree, rows: Sequence[VersionRow]) -> PlanBatch:
    """What would happen to some rows. Blocking."""
    planned = []
    for row in rows:
        fate, reason = _verdict(tree, row)
        size = row.size if row.kind == FileKind.REGULAR else 0
        planned.append(PlannedPath(fate, row.path, row.kind, size, reason))
    return PlanBatch(tuple(planned))


def _verdict(tree: PresentTree, row: VersionRow) -> Verdict:
    if row.kind == FileKind.DIRECTORY:
        return tree.directory(row.path)
    if row.kind == FileKind.SYMLINK:
        return tree.symlink(row.path, row.link or b"", attributes(row))
    if row.kind in SPECIAL:
        return tree.special(row.path, Special(FileKind(row.kind), row.link), attributes(row))
    has_object = row.object_id is not None and row.object_kind is not None
    if not has_object and (row.size or row.state != FileState.PLANNED):
        return Verdict(Fate.FAIL, row.reason or NEVER_POSTED)
    try:
        return tree.file(row.path, content(row), attributes(row))
    except FileDamagedError as error:
        return Verdict(Fate.FAIL, error.reason)


class _Deletions:
    """What would be deleted, directories after what is in them: those that would be empty then."""

    def __init__(self) -> None:
        self._open = OpenDirectories()
        self._staying: set[bytes] = set()
        """Directories with something in them that stays."""

    def of(self, found: SurplusBatch) -> PlanBatch:
        """The plan of the next batch."""
        for path in (*found.staying, *(problem.path for problem in found.problems)):
            self._staying.update(directories_above(path))
        rows: list[PlannedPath] = []
        for each in found.entries:
            rows += self._leave(each.path)
            if each.kind == FileKind.DIRECTORY:
                self._open.enter(each.path)
            else:
                size = each.size if each.kind == FileKind.REGULAR else 0
                rows.append(PlannedPath(Fate.DELETE, each.path, each.kind, size, ""))
        last = self._open.innermost
        self._staying = {path for path in self._staying if last.startswith(path)}
        problems = [
            f"{safe_name(p.path)} is not deleted: {p.reason}"
            for p in found.problems
            if p.kind is not NoticeKind.SKIPPED
        ]
        return PlanBatch(tuple(rows), tuple(problems))

    def end(self) -> PlanBatch:
        """The directories that are left."""
        return PlanBatch(tuple(self._leave(b"")))

    def _leave(self, path: bytes) -> Iterator[PlannedPath]:
        for left in self._open.leave(path):
            if left not in self._staying:
                yield PlannedPath(Fate.DELETE, left, FileKind.DIRECTORY, 0, "")
