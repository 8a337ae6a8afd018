"""report: counts the files of a restore as they are on disk, and reports them without a flood.

A file counts as done when it has its name and the content of the version: written, or found to be
right. Paths that cannot be written for the same reason are listed by name up to `TOLD_EACH` times;
the others are counted, and the count is reported at the end. What no file can get here (an owner,
without being root) is reported once. Every missing or damaged file is listed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from usenetsync_tui.catalogue.tables.version_files import VersionRow
from usenetsync_tui.disk.restored.attributes import Lack
from usenetsync_tui.disk.restored.names import DigestSet
from usenetsync_tui.model.entries import FileKind, Notice, NoticeKind
from usenetsync_tui.pipeline.run.job_run import JobRun

TOLD_EACH = 200
"""Paths listed by name for one reason."""
_REASONS = 1_000
"""Most reasons that are counted; paths with further reasons are listed by name."""
_GROUPED = frozenset([NoticeKind.UNWRITABLE, NoticeKind.ATTRIBUTES])


@dataclass(slots=True)
class RestoredBatch:
    """The results for some rows: filled by one thread, taken by the event loop.

    A file that the user lets stay as it is (`Overwrite`) counts as done, too.
    """

    notices: list[Notice] = field(default_factory=list)
    done_files: int = 0
    done_bytes: int = 0
    kept_files: int = 0
    kept_bytes: int = 0
    missed_files: int = 0
    missed_bytes: int = 0
    missed_links: list[int] = field(default_factory=list)
    """The sets of hard links of files that cannot be restored."""
    missed_paths: int = 0
    """Files, and any other path that is not in the target now."""

    def done(self, row: VersionRow, lacks: Sequence[Lack], *, kept: bool = False) -> None:
        """The row's file is in the target; `kept`: it was there before."""
        if row.kind == FileKind.REGULAR:
            self.done_files += 1
            self.done_bytes += row.size
            if kept:
                self.kept_files += 1
                self.kept_bytes += row.size
        if lacks:
            self.lacking(row.path, lacks)

    def written(self, rows: Sequence[VersionRow]) -> None:
        """These regular files are in the target, with all their attributes."""
        self.done_files += len(rows)
        self.done_bytes += sum(row.size for row in rows)

    def missed(self, row: VersionRow, kind: NoticeKind, reason: str) -> None:
        """The row's file cannot be restored."""
        if row.kind == FileKind.REGULAR:
            self.missed_files += 1
            self.missed_bytes += row.size
        if row.link_set is not None:
            self.missed_links.append(row.link_set)
        self.missed_paths += 1
        self.notices.append(Notice(kind, row.path, reason))

    def lacking(self, path: bytes, lacks: Iterable[Lack]) -> None:
        """Some of the path's attributes could not be restored."""
        for lack in lacks:
            kind = NoticeKind.ATTRIBUTES if lack.is_error else NoticeKind.NOTED
            self.notices.append(Notice(kind, path, lack.reason))


@dataclass(slots=True)
class _Told:
    """How often a reason occurred, and the first path that was not listed by name."""

    count: int = 0
    first_untold: bytes = b""


class RestoreReport:
    """Adds batches to a run's counters and notices. Used on the event loop only."""

    def __init__(self, run: JobRun) -> None:
        self._run = run
        self.missed = 0
        """Paths that could not be restored."""
        self._told: dict[tuple[NoticeKind, str], _Told] = {}
        self.missed_links = DigestSet()
        """The sets of hard links whose first file cannot be restored."""

    async def take(self, batch: RestoredBatch) -> None:
        """Count and report the results for some rows."""
        progress = self._run.progress
        progress.done_files += batch.done_files
        progress.done_bytes += batch.done_bytes
        progress.unchanged += batch.kept_files
        progress.kept_bytes += batch.kept_bytes
        progress.missed_files += batch.missed_files
        progress.missed_bytes += batch.missed_bytes
        for link_set in batch.missed_links:
            self.missed_links.add(link_set)
        self.missed += batch.missed_paths
        await self.told(batch.notices)

    async def told(self, notices: Iterable[Notice]) -> None:
        """Report some notices, those of a frequent reason by their number."""
        await self._run.notice(*filter(self._is_to_be_told, notices))

    async def end(self) -> None:
        """Report, for each reason, how many paths were not listed by name."""
        notices = []
        for (kind, reason), told in self._told.items():
            untold = told.count - (TOLD_EACH if kind in _GROUPED else 0)
            if untold > 0:
                others = f" (and {untold - 1:,} more)" if untold > 1 else ""
                notices.append(Notice(kind, told.first_untold, reason + others))
        self._told.clear()
        await self._run.notice(*notices)

    def _is_to_be_told(self, notice: Notice) -> bool:
        """Whether the notice is listed by name; if not, it is counted."""
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
