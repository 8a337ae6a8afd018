"""index: merge-join the walk with the catalogue's rows, in one order, in constant memory.

Two sorted streams yield the added, modified, removed and unchanged files without a query for each
file. Unchanged means the same (kind, size, mtime_ns, ctime_ns, inode, mode, link, owner), and not
racy: a file that could have changed unnoticed is read again and compared with its old content.
Inode numbers are not compared on file systems where they are unstable. The index opens and hashes
nothing, except that it tries to open files that failed before. It notes missing files
(`catalogue.tables.vanished`); they are removed when the version is finished, if the judge
(`run.judge`) accepts the source.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import anyio
from anyio import to_thread
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from usenetsync_tui.catalogue.columns import CURRENT, ENTRY, position
from usenetsync_tui.catalogue.tables import files
from usenetsync_tui.catalogue.tables.files import CurrentRow
from usenetsync_tui.disk.source.own_files import OwnFiles
from usenetsync_tui.disk.source.scan import ScanBatch, walk
from usenetsync_tui.model.entries import Entry, FileKind, FileState, Notice, NoticeKind
from usenetsync_tui.model.path_keys import KEY_HEAD, key_head, path_key
from usenetsync_tui.pipeline.run.job_run import JobRun, Stage
from usenetsync_tui.pipeline.run.judge import Judge
from usenetsync_tui.pipeline.run.streams import put, take
from usenetsync_tui.pipeline.upload.kept import Kept
from usenetsync_tui.pipeline.upload.long_paths import IN_MEMORY, LongPaths

_WALK_AHEAD = 10
_ROWS_PAGE = 5000
_ROWS_AHEAD = 2
_ENTRY = len(ENTRY)
"""A row of the catalogue begins with the columns of an Entry."""
_PATH, _INODE, _STATE, _KEY, _RACY = [
    position(CURRENT, name) for name in ("path", "inode", "state", "key", "racy")
]

Check = Callable[[Entry], Notice | None]
"""Why a file still cannot be read, or None when it can; blocking."""


@dataclass(slots=True)
class IndexResult:
    """What the index found, and a bell that rings when there is something to read, and at the end.

    A file that an earlier run left pending may have changed or gone: the catalogue is right only
    for keys before `reached`.
    """

    changes: int = 0
    reached: bytes = b""
    finished: bool = False
    bell: anyio.Event = field(default_factory=anyio.Event)

    def ring(self) -> None:
        """Wake the tasks that wait for more pending files."""
        self.bell.set()
        self.bell = anyio.Event()


async def index(
    run: JobRun,
    stage: Stage,
    result: IndexResult,
    check: Check,
    judge: Judge,
    own: OwnFiles,
) -> None:
    """Bring the version under construction up to what is on disk; stops early on drain.

    Raises `SourceError` when the folder itself cannot be read; then nothing is removed. If the
    judge refuses the folder after the walk, the run drains.
    """
    run.progress.unwalked = 0
    await judge.begin_walk()
    batches_in, batches = anyio.create_memory_object_stream[ScanBatch](_WALK_AHEAD)
    rows_in, rows = anyio.create_memory_object_stream[list[CurrentRow]](_ROWS_AHEAD)
    async with anyio.create_task_group() as group:
        group.start_soon(_walk, run, judge, own, batches_in)
        group.start_soon(_rows, run, rows_in)
        async with batches_in, batches, rows_in, rows:
            await _Merge(run, stage, result, check, judge, rows).run(batches)
        group.cancel_scope.cancel()
    result.finished = not run.draining
    result.ring()


async def _walk(
    run: JobRun, judge: Judge, own: OwnFiles, out: MemoryObjectSendStream[ScanBatch]
) -> None:
    steps = _in_key_order(walk(run.folder.path, own=own, watch=judge.watch))
    async with out:
        while not run.draining:
            await run.gate.passed()
            batch = await to_thread.run_sync(next, steps, None)
            if batch is None:
                return
            await put(out, batch)


def _in_key_order(batches: Iterator[ScanBatch]) -> Iterator[ScanBatch]:
    """Sort paths longer than a key by their digests, as the catalogue does."""
    held = LongPaths()
    try:
        for batch in batches:
            if not held and all(len(e.path) <= KEY_HEAD for e in batch.entries):
                yield batch
                continue
            # Unreadable paths go first, before any entry that sorts after them.
            yield ScanBatch([], batch.problems, batch.kept)
            entries: list[Entry] = []
            for entry in batch.entries:
                path = entry.path
                if held and key_head(path) != held.head:
                    yield ScanBatch(entries, [], [])
                    entries = []
                    for some in held.in_key_order():
                        yield ScanBatch(some, [], [])
                if len(path) > KEY_HEAD:
                    held.add(entry)
                else:
                    entries.append(entry)
            yield ScanBatch(entries, [], [])
        for some in held.in_key_order():
            yield ScanBatch(some, [], [])
    finally:
        held.close()


async def _rows(run: JobRun, out: MemoryObjectSendStream[list[CurrentRow]]) -> None:
    after: bytes | None = None
    async with out:
        while True:
            async with run.catalogue.transaction() as tx:
                page = await files.current_page(tx, run.folder.id, after, _ROWS_PAGE)
            if not page:
                return
            await put(out, page)
            after = page[-1][_KEY]


class _Merge:
    """Goes through both streams once and writes the differences, batch by batch."""

    def __init__(
        self,
        run: JobRun,
        stage: Stage,
        result: IndexResult,
        check: Check,
        judge: Judge,
        rows: MemoryObjectReceiveStream[list[CurrentRow]],
    ) -> None:
        self._run = run
        self._stage = stage
        self._result = result
        self._check = check
        self._judge = judge
        self._rows = rows
        self._ignores_inode = run.folder.ignores_inode
        self._page: list[CurrentRow] = []
        self._next = 0
        self._kept = Kept()
        self._upserts: list[Entry] = []
        self._removed: list[bytes] = []
        self._retry: list[Entry] = []
        self._same: list[Entry] = []
        """Entries that differ only in what a version does not show; updated in place."""
        self._news = False

    async def run(self, batches: MemoryObjectReceiveStream[ScanBatch]) -> None:
        """Join until the walk ends; rows left over are gone only if the walk was complete."""
        row = await self._advance()
        async for batch in batches:
            await self._report(batch)
            row = await self._join(batch.entries, row)
            self._run.progress.entries += len(batch.entries)
            self._stage.done += len(batch.entries)
            self._kept.pass_by(row[_KEY] if row else None)
            await self._flush(force=False)
            self._announce(batch.entries)
        if self._run.draining:
            return
        while row is not None:
            self._gone(row)
            row = await self._advance()
            await self._flush(force=False)
        await self._flush(force=True)
        await self._judge.after_walk()
        self._run.progress.scanned = True

    async def _join(self, entries: list[Entry], row: CurrentRow | None) -> CurrentRow | None:
        upserts = self._upserts
        unchanged = 0
        page, at, end = self._page, self._next, len(self._page)
        for entry in entries:
            key = entry.path
            if len(key) > KEY_HEAD:
                key = path_key(key)
            while row is not None and row[_KEY] < key:
                self._gone(row)
                if at < end:
                    row = page[at]
                    at += 1
                else:
                    self._next = at
                    # A whole subtree may be gone: its rows must not pile up in memory.
                    await self._flush(force=False)
                    upserts = self._upserts
                    row = await self._advance()
                    page, at, end = self._page, self._next, len(self._page)
            if row is None or row[_KEY] != key:
                upserts.append(entry)
                continue
            if row[:_ENTRY] != entry and not self._is_same(row, entry):
                upserts.append(entry)
            elif row[_STATE] == FileState.PLANNED:
                if row[_RACY]:
                    upserts.append(entry)
                else:
                    unchanged += 1
            elif row[_STATE] == FileState.PENDING:
                self._expect(entry)
            else:
                self._retry.append(entry)
            if at < end:
                row = page[at]
                at += 1
            else:
                self._next = at
                row = await self._advance()
                page, at, end = self._page, self._next, len(self._page)
        self._next = at
        self._run.progress.unchanged += unchanged
        return row

    async def _advance(self) -> CurrentRow | None:
        """The next row, from the next page of the stream when this one is used up."""
        while self._next >= len(self._page):
            try:
                self._page = await take(self._rows)
            except anyio.EndOfStream:
                self._page, self._next = [], 0
                return None
            self._next = 0
        row = self._page[self._next]
        self._next += 1
        return row

    def _gone(self, row: CurrentRow) -> None:
        if row[_PATH] not in self._kept:
            self._removed.append(row[_KEY])

    def _is_same(self, row: CurrentRow, entry: Entry) -> bool:
        """Whether the difference means no change: then the row is updated in place.

        That is an inode number that is not compared, an owner that was not recorded before, and,
        for a symlink, its inode and ctime, as the walk has read its whole content.
        """
        after = _INODE + 1
        if self._ignores_inode and row[:_INODE] == entry[:_INODE]:
            if row[after:_ENTRY] == entry[after:]:
                return True
        known = Entry._make(row[:_ENTRY])
        if known.uid is None:
            known = known._replace(uid=entry.uid, gid=entry.gid)
        if self._ignores_inode or entry.kind == FileKind.SYMLINK:
            known = known._replace(inode=entry.inode)
        if entry.kind == FileKind.SYMLINK:
            known = known._replace(ctime_ns=entry.ctime_ns)
        if known != entry:
            return False
        self._same.append(entry)
        return True

    def _expect(self, entry: Entry) -> None:
        self._news = True
        self._run.progress.total_files += 1
        self._run.progress.total_bytes += entry.size

    async def _report(self, batch: ScanBatch) -> None:
        self._kept.add(batch.kept)
        for problem in batch.problems:
            if problem.kind is NoticeKind.GUARDED:
                await self._judge.not_entered(problem.path)
        notices = [Notice(p.kind, p.path, p.reason) for p in batch.problems]
        self._run.progress.unwalked += sum(n.is_error for n in notices)
        await self._run.notice(*notices)

    async def _flush(self, *, force: bool) -> None:
        """Record the changes, one transaction for each batch."""
        if self._retry:
            await self._try_again()
        most = self._run.limits.batch_size
        while (size := _due(self._same, most, force=force)) > 0:
            same, self._same = self._same[:size], self._same[size:]
            async with self._run.catalogue.transaction() as tx:
                await files.refresh(tx, self._run.folder.id, same)
        while True:
            size = _due(self._upserts, most, force=force or len(self._removed) >= most)
            if not size and len(self._removed) < (1 if force else most):
                return
            upserts, self._upserts = self._upserts[:size], self._upserts[size:]
            removed, self._removed = self._removed[:most], self._removed[most:]
            folder, version = self._run.folder.id, self._run.version
            async with self._run.catalogue.transaction() as tx:
                going_on = await files.apply_changes(
                    tx, folder, version, upserts, removed, resumed=self._judge.resumed
                )
            self._run.progress.unchanged += len(going_on)
            for entry in upserts:
                if going_on and path_key(entry.path) in going_on:
                    continue
                if entry.kind == FileKind.REGULAR:
                    self._expect(entry)
            self._result.changes += len(upserts) + len(removed)

    def _announce(self, entries: list[Entry]) -> None:
        """Publish how far the catalogue is right, and wake the readers if files are pending."""
        if entries:
            joined = path_key(entries[-1].path) + b"\0"
            unwritten = [path_key(e.path) for e in self._upserts] + self._removed
            self._result.reached = min(unwritten, default=joined)
        if self._news:
            self._news = False
            self._result.ring()

    async def _try_again(self) -> None:
        """Take in files that failed before and are unchanged, if they can be opened now."""
        retry, self._retry = self._retry, []
        for entry in retry:
            notice = await to_thread.run_sync(self._check, entry)
            if notice is None:
                self._upserts.append(entry)
            else:
                await self._run.notice(notice)


def _due(entries: list[Entry], most: int, *, force: bool) -> int:
    """How many of some entries to write now: `most`, or fewer if their paths are long.

    0 while there are too few, unless forced.
    """
    size = 0
    for number, entry in enumerate(entries[:most], 1):
        size += len(entry.path)
        if size >= IN_MEMORY:
            return number
    return min(most, len(entries)) if force or len(entries) >= most else 0
