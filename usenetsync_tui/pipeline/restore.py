"""restore: a version of a folder, or a part of it, back into a tree.

Rows come in pages in path order; files of one pack are written from one fetch. What is
already right in the target is kept, what a killed restore left half-written is continued
segment by segment. A file that cannot be had or written ends with its reason, the rest goes
on. Directories get their modes and times last, children before parents.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

import anyio
from anyio import to_thread
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from usenetsync_tui.catalogue import files, segments
from usenetsync_tui.catalogue.files import Span, VersionRow
from usenetsync_tui.errors import (
    ArticleCorruptError,
    StoreError,
    TargetFileError,
    UnknownSnapshotError,
)
from usenetsync_tui.model.entries import FileKind, FileState, Notice, NoticeKind
from usenetsync_tui.model.segments import ObjectKind, Segment
from usenetsync_tui.pipeline.fetch import fetch_segment
from usenetsync_tui.pipeline.run import Run, Slot, Stage
from usenetsync_tui.pipeline.target import TargetTree
from usenetsync_tui.pipeline.target_part import PartFile

_QUEUE = 8
_SEGMENTS_AT_ONCE = 4
"""Of one file; more where the store has more lanes, for one file may be all there is."""
_IN_FLIGHT = 32
"""Segments in memory, of all files together."""
_SEGMENTS_A_PAGE = 256


@dataclass(frozen=True, slots=True)
class Fetches:
    """How many segments are fetched at once: of one file, and in all."""

    a_file: int
    limiter: anyio.CapacityLimiter


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that are restored together: those of one object, or those that need none."""

    object_id: int | None
    rows: list[VersionRow]


def spans(folder: int, version: int, prefix: bytes) -> list[Span]:
    """The keys of a sub-path: itself, and what is below it; all of the version for ``b""``."""
    name = prefix.strip(b"/")
    if not name:
        return [Span(folder, version)]
    below = Span(folder, version, name + b"/", name + b"0")  # "0" follows "/"
    return [Span(folder, version, name, name + b"\0"), below]


async def restore(run: Run, target: TargetTree, prefix: bytes, *, owns_target: bool) -> None:
    """Restore `run.version` below `prefix` into an opened target.

    `owns_target`: the root's own mode and mtime are restored too. Raises `UnknownSnapshotError`
    when nothing is below `prefix`, `TargetError` and `DatabaseUnavailableError`; everything
    about one file is a notice.
    """
    progress, parts = run.progress, spans(run.folder.id, run.version, prefix)
    progress.phase = "restore"
    async with run.catalogue.transaction() as tx:
        if not any([await files.version_page(tx, span, 1) for span in parts]):
            raise UnknownSnapshotError(f"Version {run.version} has no such path in it.")
        for span in parts:
            count, size = await files.version_totals(tx, span)
            progress.total_files += count
            progress.total_bytes += size
    progress.scanned = True
    groups_in, groups = anyio.create_memory_object_stream[Group](_QUEUE)
    listing = Stage("list", 1)
    writing = Stage("restore", run.limits.max_workers, groups)
    lanes = max(_SEGMENTS_AT_ONCE, run.place.store.lanes or 0)
    fetches = Fetches(lanes, anyio.CapacityLimiter(max(_IN_FLIGHT, lanes)))
    run.stages[:] = [listing, writing]
    with ExitStack() as every_stream:  # a task cancelled before its first step closes none
        async with anyio.create_task_group() as group:
            for slot in writing.slots:
                worker = _Restorer(run, target, slot, writing, fetches)
                mine = every_stream.enter_context(groups.clone())
                group.start_soon(worker.work, mine)
            groups.close()
            await _hand_out(run, parts, groups_in)
    if run.draining:
        return
    progress.phase = "finish"
    for span in reversed(parts):
        await _finish_directories(run, target, span, owns_target)
    await to_thread.run_sync(target.sync)


async def _hand_out(run: Run, parts: list[Span], out: MemoryObjectSendStream[Group]) -> None:
    """Pages of rows, grouped by object; the group a page ends in goes on in the next."""
    open_groups: dict[int | None, Group] = {}
    async with out:
        for span in parts:
            async for page in pages(run, span):
                last: int | None = None
                for row in page:
                    last = row.object_id
                    open_groups.setdefault(last, Group(last, [])).rows.append(row)
                going_on = open_groups.pop(last) if last is not None else None
                await _send(run, list(open_groups.values()), out)
                open_groups = {last: going_on} if going_on else {}
        await _send(run, list(open_groups.values()), out)


async def _send(run: Run, groups: Sequence[Group], out: MemoryObjectSendStream[Group]) -> None:
    for group in groups:
        await run.gate.passed()
        if not run.draining:
            await out.send(group)


async def pages(run: Run, span: Span) -> AsyncIterator[list[VersionRow]]:
    """A span's rows, a batch at a time."""
    while not run.draining:
        async with run.catalogue.transaction() as tx:
            page = await files.version_page(tx, span, run.limits.batch_size)
        if page:
            yield page
        if len(page) < run.limits.batch_size:
            return
        span = replace(span, start=page[-1].key + b"\0")


class _Restorer:
    """One restoring worker."""

    def __init__(
        self, run: Run, target: TargetTree, slot: Slot, stage: Stage, fetches: Fetches
    ) -> None:
        self._fetches = fetches
        self._run = run
        self._target = target
        self._slot = slot
        self._stage = stage

    async def work(self, groups: MemoryObjectReceiveStream[Group]) -> None:
        """Restore groups until there are no more."""
        async with groups:
            async for group in groups:
                rows = group.rows
                with self._slot.working(rows[0].path, f"{len(rows)} files"):
                    if group.object_id is None or rows[0].object_kind is None:
                        await self._settle(await to_thread.run_sync(self._bare, rows))
                    elif rows[0].object_kind == ObjectKind.FILE:
                        for row in rows:
                            await self._large(row)
                    else:
                        await self._packed(group.object_id, rows)
                self._run.progress.current = rows[-1].path
                self._stage.done += 1

    async def _settle(self, notices: list[Notice]) -> None:
        await self._run.notice(*notices)

    def _count(self, row: VersionRow) -> None:
        if row.kind == FileKind.REGULAR:
            self._run.progress.done_files += 1
            self._run.progress.done_bytes += row.size

    def _bare(self, rows: list[VersionRow]) -> list[Notice]:
        """Directories, symlinks, empty files, and files that have no bytes here. Blocking."""
        notices = []
        for row in rows:
            try:
                if row.kind == FileKind.DIRECTORY:
                    if row.path:
                        self._target.make_directory(row.path)
                elif row.kind == FileKind.SYMLINK:
                    self._target.symlink(row.path, row.link or b"", row.mtime_ns)
                elif row.size == 0 and row.state == FileState.PLANNED:
                    self._target.write_small(row.path, b"", row.mode, row.mtime_ns)
                else:
                    reason = row.reason or "its bytes were never posted"
                    notices.append(Notice(NoticeKind.MISSING, row.path, reason))
            except TargetFileError as error:
                notices.append(Notice(NoticeKind.UNWRITABLE, row.path, error.reason))
            self._count(row)
        return notices

    def _keep(self, row: VersionRow) -> bool:
        """Whether the target has the file already; its mode and mtime are then made right."""
        if not self._target.matches(row.path, row.size, row.xxh3 or b""):
            return False
        self._target.set_metadata(row.path, row.mode, row.mtime_ns)
        return True

    async def _packed(self, object_id: int, rows: list[VersionRow]) -> None:
        """Files of one pack: one fetch, unless all of them are there."""

        def wanting() -> tuple[list[VersionRow], list[Notice]]:
            missing, notices = [], []
            for row in rows:
                try:
                    if self._keep(row):
                        self._count(row)
                    else:
                        missing.append(row)
                except TargetFileError as error:
                    notices.append(Notice(NoticeKind.UNWRITABLE, row.path, error.reason))
                    self._count(row)
            return missing, notices

        missing, notices = await to_thread.run_sync(wanting)
        await self._settle(notices)
        if not missing:
            return
        async with self._run.catalogue.transaction() as tx:
            copies = await segments.of_object(tx, object_id, 0, 1)
        try:
            data = await fetch_segment(self._run, copies)
        except StoreError as error:
            await self._settle([_lost(row, error) for row in missing])
            for row in missing:
                self._count(row)
            return
        await self._settle(await to_thread.run_sync(self._write_members, missing, data))

    def _write_members(self, rows: list[VersionRow], data: bytes) -> list[Notice]:
        notices = []
        for row in rows:
            begin = row.object_offset or 0
            try:
                content = data[begin : begin + row.size]
                self._target.write_small(row.path, content, row.mode, row.mtime_ns)
            except TargetFileError as error:
                notices.append(Notice(NoticeKind.UNWRITABLE, row.path, error.reason))
            self._count(row)
        return notices

    async def _large(self, row: VersionRow) -> None:
        """A file that is an object of its own, segment by segment into its part file."""
        try:
            if await to_thread.run_sync(self._keep, row):
                self._count(row)
                return
            with await to_thread.run_sync(self._target.part, row.path, row.size) as part:
                await self._fill(row, part)
                if self._run.draining:
                    return
                await to_thread.run_sync(part.commit, row.mode, row.mtime_ns)
        except TargetFileError as error:
            await self._settle([Notice(NoticeKind.UNWRITABLE, row.path, error.reason)])
        except StoreError as error:
            await self._settle([_lost(row, error)])
        self._run.progress.done_files += 1

    async def _fill(self, row: VersionRow, part: PartFile) -> None:
        """Every segment of a file, several at once; ends at the first error."""
        count, step = row.segments or 0, row.segment_size or 1
        for first in range(0, count, _SEGMENTS_A_PAGE):
            last = min(first + _SEGMENTS_A_PAGE, count)
            async with self._run.catalogue.transaction() as tx:
                found = await segments.of_object(tx, row.object_id or 0, first, last)
            copies: dict[int, list[Segment]] = {index: [] for index in range(first, last)}
            for segment in found:
                copies[segment.index].append(segment)
            todo = iter(copies.items())
            try:
                async with anyio.create_task_group() as group:
                    for _ in range(min(self._fetches.a_file, len(copies))):
                        group.start_soon(self._fill_some, todo, step, part)
            except ExceptionGroup as several:
                raise several.exceptions[0] from None
            if self._run.draining:
                return

    async def _fill_some(
        self, todo: Iterator[tuple[int, list[Segment]]], step: int, part: PartFile
    ) -> None:
        """Segments, one after the other, from an iterator shared with the other tasks."""
        for index, copies in todo:
            await self._run.gate.passed()
            if self._run.draining:
                return
            offset = index * step
            async with self._fetches.limiter:
                if not await to_thread.run_sync(_has, part, offset, copies):
                    data = await fetch_segment(self._run, copies)
                    await to_thread.run_sync(part.write, offset, data)
            self._run.progress.done_bytes += copies[0].size if copies else 0


def _has(part: PartFile, offset: int, copies: list[Segment]) -> bool:
    """Whether a part file already holds a segment, by its digest. Blocking."""
    if not copies or not part.has_data(offset, copies[0].size):
        return False
    return hashlib.sha256(part.read(offset, copies[0].size)).digest() == copies[0].hash


def _lost(row: VersionRow, error: StoreError) -> Notice:
    kind = NoticeKind.DAMAGED if isinstance(error, ArticleCorruptError) else NoticeKind.MISSING
    return Notice(kind, row.path, str(error))


async def _finish_directories(run: Run, target: TargetTree, span: Span, owns: bool) -> None:
    """Modes and times of directories, children before their parents."""

    def finish(page: list[tuple[bytes, int, int, bytes]]) -> list[Notice]:
        notices = []
        for path, mode, mtime_ns, _ in page:
            try:
                if path or owns:
                    target.finish_directory(path, mode, mtime_ns)
            except TargetFileError as error:
                notices.append(Notice(NoticeKind.UNWRITABLE, path, error.reason))
        return notices

    while True:
        async with run.catalogue.transaction() as tx:
            page = await files.version_directories(tx, span, run.limits.batch_size)
        if not page:
            return
        await run.notice(*await to_thread.run_sync(finish, page))
        span = replace(span, until=page[-1][3])
