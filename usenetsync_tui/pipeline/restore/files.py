"""files: one worker, from rows to files, symlinks and directories in the target."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from anyio import to_thread
from anyio.streams.memory import MemoryObjectReceiveStream

from usenetsync_tui.catalogue.tables import segments
from usenetsync_tui.catalogue.tables.version_files import VersionRow
from usenetsync_tui.disk.content import Content
from usenetsync_tui.disk.restored.attributes import Lack
from usenetsync_tui.disk.restored.metadata.special import Special
from usenetsync_tui.disk.restored.names import DigestSet
from usenetsync_tui.disk.restored.target_tree import TargetTree
from usenetsync_tui.errors import (
    ArticleCorruptError,
    FileDamagedError,
    StoreError,
    TargetError,
    TargetFileError,
)
from usenetsync_tui.model.entries import SPECIAL, FileKind, FileState, NoticeKind
from usenetsync_tui.model.metadata.owners import NUMERIC, OwnerMap
from usenetsync_tui.model.segments import ObjectKind, Segment
from usenetsync_tui.model.text.figures import plural
from usenetsync_tui.pipeline.restore.large_file import LargeFile, UnfinishedBytes
from usenetsync_tui.pipeline.restore.pack import (
    NEVER_POSTED,
    OTHER_BYTES,
    Missing,
    attributes,
    by_directory,
    content,
    each,
    unpack,
)
from usenetsync_tui.pipeline.restore.report import RestoredBatch, RestoreReport
from usenetsync_tui.pipeline.restore.target_parts import TargetParts
from usenetsync_tui.pipeline.run.fetch_lanes import FetchLanes
from usenetsync_tui.pipeline.run.job_run import JobRun, Stage, WorkerSlot
from usenetsync_tui.pipeline.run.wants import Wants

_WRITING = 2
"""Packs that are unpacked at the same time: more threads would wait for each other's GIL."""


@dataclass(slots=True)
class Group:
    """Rows that are restored together: those of one object, or those that need no object."""

    object_id: int | None
    rows: list[VersionRow]
    copies: Sequence[Segment] = ()
    """Those of a pack's only segment."""

    @property
    def is_pack(self) -> bool:
        """Whether the object is a pack."""
        return self.rows[0].object_kind == ObjectKind.PACK


@dataclass(slots=True)
class RestoreContext:
    """What the workers of one restore share."""

    run: JobRun
    target: TargetTree
    parts: TargetParts
    report: RestoreReport = field(init=False)
    lanes: FetchLanes = field(init=False)
    turns: threading.Semaphore = field(init=False)
    """To unpack a pack."""
    owners: OwnerMap = NUMERIC
    """The numbers that owners have here."""
    linked: DigestSet = field(default_factory=DigestSet)
    """The sets of hard links of which one name is handed out: eight bytes each."""
    failure: TargetError | None = None
    """What ends the restore: nothing more can be written into the target."""

    def __post_init__(self) -> None:
        self.report = RestoreReport(self.run)
        self.turns = threading.Semaphore(_WRITING)

    def is_over(self) -> bool:
        """Whether the workers must begin nothing new."""
        return self.run.draining or self.failure is not None


class Restorer:
    """One restoring worker."""

    def __init__(self, shared: RestoreContext, slot: WorkerSlot, stage: Stage) -> None:
        self._shared = shared
        self._run = shared.run
        self._target = shared.target
        self._slot = slot
        self._stage = stage

    async def work(self, groups: MemoryObjectReceiveStream[Group]) -> None:
        """Restore groups until there are no more; drop those that come after a failure."""
        async with groups:
            async for group in groups:
                rows = group.rows
                if self._shared.failure is not None:
                    continue
                with self._slot.working(rows[0].path, plural(len(rows), "file")):
                    try:
                        await self.restore(group)
                    except TargetError as error:
                        self._shared.failure = error
                self._run.progress.current = rows[-1].path
                self._stage.done += 1

    async def restore(self, group: Group) -> None:
        """Restore the files of a group. Raises TargetError."""
        rows = group.rows
        if group.object_id is None or rows[0].object_kind is None:
            await self._in_thread(partial(each, self._bare, rows))
        elif rows[0].object_kind == ObjectKind.FILE:
            for row in rows:
                if not self._shared.is_over():
                    await self._large(row)
        else:
            await self._packed(rows, group.copies)

    async def restore_alone(self, row: VersionRow) -> None:
        """Restore one file; what ends the restore is left to `RestoreContext.failure`."""
        group = Group(row.object_id, [row])
        if row.object_id is not None and group.is_pack:
            async with self._run.catalogue.transaction() as tx:
                copies = await segments.of_packs(tx, [row.object_id])
            group.copies = copies.get(row.object_id, ())
        try:
            await self.restore(group)
        except TargetError as error:
            self._shared.failure = error

    async def _in_thread(self, work: Callable[[RestoredBatch], None]) -> None:
        """Call `work` in a thread; report its results even after an error."""
        batch = RestoredBatch()
        try:
            await to_thread.run_sync(work, batch)
        finally:
            await self._shared.report.take(batch)

    def _bare(self, row: VersionRow, batch: RestoredBatch) -> None:
        """Restore directories, symlinks and empty files; report files without bytes. Blocking."""
        if row.kind == FileKind.DIRECTORY:
            if row.path:
                batch.lacking(row.path, self._target.make_directory(row.path))
        elif row.kind == FileKind.SYMLINK:
            link, wanted = row.link or b"", attributes(row)
            batch.done(row, self._target.symlink(row.path, link, wanted))
        elif row.kind in SPECIAL:
            what = Special(FileKind(row.kind), row.link)
            batch.done(row, self._target.special(row.path, what, attributes(row)))
        elif row.size or row.state != FileState.PLANNED:
            reason = row.reason or NEVER_POSTED
            batch.missed(row, NoticeKind.MISSING, reason)
        elif not content(row).is_of(b""):
            batch.missed(row, NoticeKind.DAMAGED, OTHER_BYTES)
        elif not self._is_kept(row, batch, content(row)):
            batch.done(row, self._empty(row))

    def _empty(self, row: VersionRow) -> tuple[Lack, ...]:
        """Write a file without bytes, or one that is only a hole. Blocking."""
        if row.extents is None:
            return self._target.write_small(row.path, b"", attributes(row))
        with self._target.part(row.path, 0, content(row).extents) as part:
            return part.commit(attributes(row))

    def _is_kept(self, row: VersionRow, batch: RestoredBatch, right: Content) -> bool:
        """Whether the target has the file already, or will not have it. Blocking."""
        lacks = self._target.keep(row.path, right, attributes(row))
        if lacks is None:
            return False
        batch.done(row, lacks, kept=True)
        return True

    async def _missing(self, rows: list[VersionRow]) -> list[Missing]:
        """The files that must be written; the others are counted and reported."""
        missing: list[Missing] = []

        def look(batch: RestoredBatch) -> None:
            for parent, inside in by_directory(rows):
                if wanted := self._missing_in(parent, inside, batch):
                    missing.append(Missing(parent, wanted))

        await self._in_thread(look)
        return missing

    def _missing_in(
        self, parent: bytes, rows: list[VersionRow], batch: RestoredBatch
    ) -> list[VersionRow]:
        """Those of one directory. Blocking."""
        if self._target.has_none_of(parent):
            return rows
        wanted: list[VersionRow] = []

        def take(row: VersionRow, batch: RestoredBatch) -> None:
            if not self._is_kept(row, batch, content(row)):
                wanted.append(row)

        each(take, rows, batch)
        return wanted

    async def _packed(self, rows: list[VersionRow], copies: Sequence[Segment]) -> None:
        """Restore files of one pack with one fetch, or none if the target has all of them."""
        missing = await self._missing(rows)
        if not missing or self._shared.is_over():
            return
        batch = RestoredBatch()
        try:
            async with Wants(self._shared.lanes) as wants:
                await wants.add(rows[0].path, copies, partial(self._unpack, missing, batch))
                await wants.all_kept()
        except StoreError as error:
            self._lost([row for _, rows in missing for row in rows], error, batch)
        finally:
            await self._shared.report.take(batch)

    def _unpack(self, missing: list[Missing], batch: RestoredBatch, data: bytes) -> None:
        """Write files of a pack. Blocking."""
        with self._shared.turns:
            unpack(self._target, missing, data, batch)

    async def _large(self, row: VersionRow) -> None:
        """Restore a file that is an object of its own, segment by segment into its part file."""
        if not await self._missing([row]) or self._shared.is_over():
            return
        shown, batch = UnfinishedBytes(self._run.progress), RestoredBatch()
        try:
            await self._fetch_large(row, shown, batch)
        except TargetFileError as error:
            batch.missed(row, NoticeKind.UNWRITABLE, error.reason)
        except FileDamagedError as error:
            batch.missed(row, NoticeKind.DAMAGED, error.reason)
        except StoreError as error:
            self._lost([row], error, batch)
        finally:
            shown.take_back()
            await self._shared.report.take(batch)

    async def _fetch_large(
        self, row: VersionRow, shown: UnfinishedBytes, batch: RestoredBatch
    ) -> None:
        right = content(row)
        file = LargeFile(self._run, row, right, self._shared.lanes)
        with await to_thread.run_sync(self._target.part, row.path, row.size, right.extents) as part:
            try:
                is_whole = await file.fill(part, shown, self._shared.is_over)
            except FileDamagedError:
                await to_thread.run_sync(part.discard)  # resuming it would end the same way
                raise
            if is_whole:
                batch.done(row, await to_thread.run_sync(part.commit, attributes(row)))

    def _lost(self, rows: list[VersionRow], error: StoreError, batch: RestoredBatch) -> None:
        kind = NoticeKind.MISSING
        if isinstance(error, ArticleCorruptError):
            kind = NoticeKind.DAMAGED
        for row in rows:
            batch.missed(row, kind, str(error))
