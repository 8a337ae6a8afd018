"""surplus: what the target has in the restored part and the version does not.

Joins the walk of the target with the keys of the version, in the same order, in constant memory.
`delete` removes it when everything else is done, children before parents: whatever the version has
is in its place by then. It does nothing if a file could not be restored: what looks like surplus
may be that file under another name. It does nothing either where names of the target are not those
of the version, as on a file system that ignores case: there one file may look like two.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace

from anyio import to_thread

from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.catalogue.tables import version_files
from usenetsync_tui.catalogue.tables.metadata import metadata
from usenetsync_tui.catalogue.tables.version_files import Span
from usenetsync_tui.disk.restored.removal import Remover
from usenetsync_tui.disk.source.scan import ScanBatch
from usenetsync_tui.errors import SourceError, TargetFileError
from usenetsync_tui.model.entries import SPECIAL, Entry, FileKind, Notice, NoticeKind, Problem
from usenetsync_tui.model.path_keys import KEY_HEAD, path_key
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.pipeline.restore.files import RestoreContext
from usenetsync_tui.pipeline.restore.target_parts import TargetParts

_PAGE = 5_000
MISSED = "nothing was deleted, because files could not be restored"
OTHER_NAMES = "nothing was deleted, because this file system changes names"
_STAYS = "not deleted: {}"
_OLDER = "this version was made before FIFOs, sockets and devices were kept"


@value_object
class SurplusBatch:
    """The next entries that the version does not have, parents before children."""

    entries: tuple[Entry, ...]
    problems: tuple[Problem, ...]
    """Paths that cannot be examined, or that the version could not have."""
    staying: tuple[bytes, ...] = ()
    """Other paths that stay, whatever the version has: what is excluded."""


async def surplus(
    catalogue: Catalogue, spans: Sequence[Span], parts: TargetParts
) -> AsyncIterator[SurplusBatch]:
    """All of it. Raises SourceError.

    FIFOs, sockets and devices stay if the version is of a program that could not keep them.
    """
    async with catalogue.transaction() as tx:
        has_special = await metadata.tells_all(tx, spans[0].folder, spans[0].version)
    keys = _Keys(catalogue, spans)
    steps = parts.entries()
    while batch := await to_thread.run_sync(_next, steps):
        found = []
        problems = [p for p in batch.problems if parts.is_inside(p.path)]
        for entry in batch.entries:
            path = entry.path
            if path and parts.is_inside(path):
                if not parts.is_ours(path) and await keys.has(path):
                    continue
                if entry.kind in SPECIAL and not has_special:
                    problems.append(Problem(path, NoticeKind.NOTED, _OLDER))
                else:
                    found.append(entry)
        staying = tuple(each.path for each in batch.excluded if parts.is_inside(each.path))
        yield SurplusBatch(tuple(found), tuple(problems), staying)


def _next(steps: Iterator[ScanBatch]) -> ScanBatch | None:
    return next(steps, None)


async def delete(shared: RestoreContext, spans: Sequence[Span], began_ns: int) -> None:
    """Delete it, unless a file was missed; report what stays and why."""
    reason = MISSED if shared.report.missed else OTHER_NAMES if shared.target.changes_names else ""
    if reason:
        await shared.run.notice(Notice(NoticeKind.UNWRITABLE, b"", reason))
        return
    with shared.target.remover(began_ns) as remover:
        deletion = _Deletion(remover)
        try:
            async for batch in surplus(shared.run.catalogue, spans, shared.parts):
                await shared.run.gate.passed()
                if shared.is_over():
                    return
                notices = [_not_examined(problem) for problem in batch.problems]
                notices += await to_thread.run_sync(deletion.take, batch.entries)
                shared.run.progress.deleted = deletion.count
                await shared.report.told(notices)
            await shared.report.told(await to_thread.run_sync(deletion.end))
        except SourceError as error:
            await shared.run.notice(Notice(NoticeKind.UNWRITABLE, b"", _STAYS.format(error)))
        shared.run.progress.deleted = deletion.count


def _not_examined(problem: Problem) -> Notice:
    is_told = problem.kind in (NoticeKind.SKIPPED, NoticeKind.NOTED)
    kind = NoticeKind.NOTED if is_told else NoticeKind.UNWRITABLE
    return Notice(kind, problem.path, _STAYS.format(problem.reason))


class OpenDirectories:
    """The directories of a walk whose entries may still come."""

    def __init__(self) -> None:
        self._paths: list[bytes] = []

    @property
    def innermost(self) -> bytes:
        """The last one; empty: there is none."""
        return self._paths[-1] if self._paths else b""

    def enter(self, path: bytes) -> None:
        """The walk has come to a directory."""
        self._paths.append(path)

    def leave(self, path: bytes) -> Iterator[bytes]:
        """Those that the next path, or the end (``b""``), is not in: innermost first."""
        while self._paths and not (path and path.startswith(self._paths[-1])):
            yield self._paths.pop()


class _Deletion:
    """Deletes entries in the order of the walk: directories when the walk has left them."""

    def __init__(self, remover: Remover) -> None:
        self.count = 0
        """Entries deleted, directories included."""
        self._remover = remover
        self._open = OpenDirectories()

    def take(self, entries: Sequence[Entry]) -> list[Notice]:
        """Delete some; returns notices about those that stay. Blocking."""
        notices: list[Notice] = []
        for entry in entries:
            notices += self._leave(entry.path)
            if entry.kind == FileKind.DIRECTORY:
                self._open.enter(entry.path)
            else:
                notices += self._remove(entry.path)
        return notices

    def end(self) -> list[Notice]:
        """Delete the directories that are left. Blocking."""
        return self._leave(b"")

    def _leave(self, path: bytes) -> list[Notice]:
        notices: list[Notice] = []
        for left in self._open.leave(path):
            notices += self._remove(left)
        return notices

    def _remove(self, path: bytes) -> list[Notice]:
        try:
            self.count += self._remover.remove(path)
        except TargetFileError as error:
            return [Notice(NoticeKind.UNWRITABLE, path, _STAYS.format(error.reason))]
        return []


class _Keys:
    """The keys of a version, for a join with paths in their order."""

    def __init__(self, catalogue: Catalogue, spans: Sequence[Span]) -> None:
        self._catalogue = catalogue
        self._spans = list(spans)
        self._any = self._spans[0]
        self._page: list[bytes] = []
        self._at = 0

    async def has(self, path: bytes) -> bool:
        """Whether the version has a path."""
        key = path_key(path)
        if len(path) > KEY_HEAD:
            return await self._find(key)
        while (first := await self._first()) is not None and first < key:
            self._at += 1
        return first == key

    async def _find(self, key: bytes) -> bool:
        """Look a long path up: those come in another order."""
        any_span = replace(self._any, start=key, until=key + b"\0")
        async with self._catalogue.transaction() as tx:
            return bool(await version_files.version_keys(tx, any_span, 1))

    async def _first(self) -> bytes | None:
        while self._at >= len(self._page):
            if not self._spans:
                return None
            async with self._catalogue.transaction() as tx:
                self._page = await version_files.version_keys(tx, self._spans[0], _PAGE)
            self._at = 0
            if self._page:
                self._spans[0] = replace(self._spans[0], start=self._page[-1] + b"\0")
            else:
                self._spans.pop(0)
        return self._page[self._at]
