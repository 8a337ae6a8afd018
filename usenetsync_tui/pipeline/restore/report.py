"""What became of the files of a restore: counted as they are on disk, told without a flood.

A file counts as done when it is under its name, as it was kept: written, or found to be right.
What cannot be written for one and the same reason is told by path some hundred times; after
that it is counted, and the count is told at the end. What no file can get here (an owner,
without being root) is told once. Missing and damaged files are told each.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from usenetsync_tui.catalogue.tables.files import VersionRow
from usenetsync_tui.disk.target.attributes import Lack
from usenetsync_tui.model.entries import FileKind, Notice, NoticeKind
from usenetsync_tui.pipeline.run.job_run import JobRun

TOLD_EACH = 200
"""Paths told by name for one reason."""
_REASONS = 1_000
"""Reasons kept count of; what comes for another one is told by name."""
_GROUPED = frozenset([NoticeKind.UNWRITABLE, NoticeKind.ATTRIBUTES])


@dataclass(slots=True)
class RestoredBatch:
    """What became of some rows: filled by one thread, taken by the event loop."""

    notices: list[Notice] = field(default_factory=list)
    done_files: int = 0
    done_bytes: int = 0
    kept_files: int = 0
    kept_bytes: int = 0
    missed_files: int = 0
    missed_bytes: int = 0

    def done(self, row: VersionRow, lacks: Iterable[Lack], *, kept: bool = False) -> None:
        """It is there; `kept`: it was there before."""
        if row.kind == FileKind.REGULAR:
            self.done_files += 1
            self.done_bytes += row.size
            if kept:
                self.kept_files += 1
                self.kept_bytes += row.size
        self.lacking(row.path, lacks)

    def missed(self, row: VersionRow, kind: NoticeKind, reason: str) -> None:
        """It will not be there."""
        if row.kind == FileKind.REGULAR:
            self.missed_files += 1
            self.missed_bytes += row.size
        self.notices.append(Notice(kind, row.path, reason))

    def lacking(self, path: bytes, lacks: Iterable[Lack]) -> None:
        """Something of its attributes is not as it was."""
        for lack in lacks:
            kind = NoticeKind.ATTRIBUTES if lack.is_error else NoticeKind.NOTED
            self.notices.append(Notice(kind, path, lack.reason))


@dataclass(slots=True)
class _Told:
    """How often a reason came up, and the first path that was not told by name."""

    count: int = 0
    first_untold: bytes = b""


class RestoreReport:
    """Takes batches into a run's counters and notices. Touched by the event loop only."""

    def __init__(self, run: JobRun) -> None:
        self._run = run
        self._told: dict[tuple[NoticeKind, str], _Told] = {}

    async def take(self, batch: RestoredBatch) -> None:
        """Count what became of some rows, and tell of it."""
        progress = self._run.progress
        progress.done_files += batch.done_files
        progress.done_bytes += batch.done_bytes
        progress.unchanged += batch.kept_files
        progress.kept_bytes += batch.kept_bytes
        progress.missed_files += batch.missed_files
        progress.missed_bytes += batch.missed_bytes
        await self._run.notice(*filter(self._is_to_be_told, batch.notices))

    async def end(self) -> None:
        """Tell how many there were of what was not told by name."""
        notices = []
        for (kind, reason), told in self._told.items():
            untold = told.count - (TOLD_EACH if kind in _GROUPED else 0)
            if untold > 0:
                others = f" (and {untold - 1:,} more)" if untold > 1 else ""
                notices.append(Notice(kind, told.first_untold, reason + others))
        self._told.clear()
        await self._run.notice(*notices)

    def _is_to_be_told(self, notice: Notice) -> bool:
        """Whether by its path; else it is counted."""
        if notice.kind not in _GROUPED and notice.kind is not NoticeKind.NOTED:
            return True
        reason = notice.kind, notice.reason
        if len(self._told) >= _REASONS and reason not in self._told:
            return True
        told = self._told.setdefault(reason, _Told())
        told.count += 1
        if notice.kind in _GROUPED and told.count <= TOLD_EACH:
            return True
        told.first_untold = told.first_untold or notice.path
        return False
