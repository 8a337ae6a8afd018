"""merge: joins the walk with the rows of the catalogue, and writes the differences.

Both streams are in the order of the keys. Refuses to know where they come from (`index`).
"""

from __future__ import annotations

import time
from collections.abc import Callable

import anyio
from anyio import to_thread
from anyio.streams.memory import MemoryObjectReceiveStream

from usenetsync_tui.catalogue.columns import CURRENT, ENTRY, position
from usenetsync_tui.catalogue.tables import files, new_files
from usenetsync_tui.catalogue.tables.files import CurrentRow
from usenetsync_tui.catalogue.tables.metadata import metadata
from usenetsync_tui.disk.source.scan import ScanBatch
from usenetsync_tui.model.entries import Entry, FileKind, FileState, Notice, NoticeKind
from usenetsync_tui.model.folders import Profile
from usenetsync_tui.model.path_keys import KEY_HEAD, path_key
from usenetsync_tui.pipeline.run.job_run import JobRun, Stage
from usenetsync_tui.pipeline.run.judge import Judge
from usenetsync_tui.pipeline.run.streams import take
from usenetsync_tui.pipeline.upload.indexing.comparison import SHOWN, Comparison
from usenetsync_tui.pipeline.upload.indexing.index_result import IndexResult
from usenetsync_tui.pipeline.upload.indexing.kept import KeptPaths
from usenetsync_tui.pipeline.upload.indexing.left_out import LeftOut
from usenetsync_tui.pipeline.upload.indexing.long_paths import IN_MEMORY
from usenetsync_tui.pipeline.upload.indexing.looked_at import Doubt, LookedAt
from usenetsync_tui.pipeline.upload.pack import small_limit

_ENTRY = len(ENTRY)
"""A row of the catalogue begins with the columns of an Entry."""

_DONE = FileState.PLANNED.value
_PATIENCE = 1.0
"""Seconds that new paths which nobody reads, such as folders, wait to be written together."""
_WAITING = 1 << 16
"""Bytes of these paths, about."""
_BLOCK = 100
"""Entries compared at once: nearly always all or none of them have changed."""

_PATH, _STATE, KEY, _RACY, _XATTRS, _CTIME = [
    position(CURRENT, name) for name in ("path", "state", "key", "racy", "xattrs", "ctime_ns")
]

Check = Callable[[Entry], Notice | None]
"""Why a file still cannot be read, or None when it can; blocking."""


class Merge:
    """Goes through both streams once and writes the differences, batch by batch."""

    def __init__(
        self,
        run: JobRun,
        stage: Stage,
        result: IndexResult,
        check: Check,
        judge: Judge,
        rows: MemoryObjectReceiveStream[list[CurrentRow]],
        looked_at: LookedAt,
    ) -> None:
        self._run = run
        self._stage = stage
        self._result = result
        self._check = check
        self._judge = judge
        self._rows = rows
        self._looked_at = looked_at
        moved = run.folder.adopted_version is not None
        self._comparison = Comparison(run.folder.ignores_inode, moved)
        self._page: list[CurrentRow] = []
        self._next = 0
        self._planned: list[tuple[object, ...]] = []
        """The rows of the page as entries, if none of them needs more than a comparison."""
        self._kept = KeptPaths()
        self._left_out = LeftOut()
        self._new: list[Entry] = []
        """Entries of paths that no current row has."""
        self._unwritten: list[Entry] = []
        """Those before them that need a row, and that no reader waits for."""
        self._unwritten_since = 0.0
        self._upserts: list[Entry] = []
        self._removed: list[bytes] = []
        self._retry: list[Entry] = []
        self._same: list[Entry] = []
        """Entries that differ only in what a version does not show; updated in place."""
        self._doubts: list[Doubt] = []
        self._has_news = False

    async def run(self, batches: MemoryObjectReceiveStream[ScanBatch]) -> None:
        """Join until the walk ends; rows left over are gone only if the walk was complete."""
        row = await self._advance()
        if row is None:
            await self._open_spool()
        async for batch in batches:
            await self._report(batch)
            for at in range(0, len(batch.entries), _BLOCK):
                row = await self._join(batch.entries[at : at + _BLOCK], row)
            self._run.progress.entries += len(batch.entries)
            self._stage.done += len(batch.entries)
            for ahead in (self._kept, self._left_out):
                ahead.pass_by(row[KEY] if row else None)
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

    async def _open_spool(self) -> None:
        """Pass new files on through the spool if no path has a row, so none has earlier content."""
        run = self._run
        async with run.catalogue.transaction() as tx:
            if await new_files.has_rows(tx, run.folder.id):
                return
        packing = run.folder.realm.profile is not Profile.PLAIN
        self._result.spool.open(small_limit(run.limits.chunk_size, packing=packing))

    async def _join(self, entries: list[Entry], row: CurrentRow | None) -> CurrentRow | None:
        """Join some entries; `row` and what is returned is the first row not joined yet."""
        at = self._next - 1
        if row is not None and self._planned[at : at + len(entries)] == entries:
            self._run.progress.unchanged += len(entries)
            self._next = at + len(entries)
            return await self._advance()
        return await self._join_each(entries, row)

    async def _join_each(self, entries: list[Entry], row: CurrentRow | None) -> CurrentRow | None:
        new, upserts = self._new, self._upserts
        unchanged = 0
        page, at, end = self._page, self._next, len(self._page)
        for entry in entries:
            key = entry.path
            if len(key) > KEY_HEAD:
                key = path_key(key)
            while row is not None and row[KEY] < key:
                self._gone(row)
                if at < end:
                    row = page[at]
                    at += 1
                else:
                    self._next = at
                    # A whole subtree may be gone: its rows must not pile up in memory.
                    await self._flush(force=False)
                    new, upserts = self._new, self._upserts
                    row = await self._advance()
                    page, at, end = self._page, self._next, len(self._page)
            if row is None or row[KEY] != key:
                new.append(entry)
                continue
            if row[:_ENTRY] != entry and not self._is_same(row, entry):
                upserts.append(entry)
            elif row[_STATE] == FileState.PLANNED:
                if row[_RACY]:
                    upserts.append(entry)
                else:
                    unchanged += 1
                    if not self._looked_at.is_known and row[:_ENTRY] == entry:
                        self._doubts.append(Doubt(entry, row[_XATTRS], False, True))
            elif row[_STATE] == FileState.PENDING:
                self._count([entry])
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
                self._page, self._planned, self._next = [], [], 0
                return None
            plain = self._looked_at.is_known and all(
                r[_STATE] == _DONE and not r[_RACY] for r in self._page
            )
            self._planned = [r[:_ENTRY] for r in self._page] if plain else []
            self._next = 0
        row = self._page[self._next]
        self._next += 1
        return row

    def _gone(self, row: CurrentRow) -> None:
        if row[_PATH] in self._kept or self._left_out.takes(row[_PATH], row[KEY]):
            return
        self._removed.append(row[KEY])

    def _is_same(self, row: CurrentRow, entry: Entry) -> bool:
        """Whether the difference means no change: then the row is updated in place."""
        if self._comparison.has_only_another_inode(row[:_ENTRY], entry):
            return True
        if not self._comparison.is_same(row[:_ENTRY], entry):
            return False
        if entry.kind in SHOWN or not self._looked_at.is_known:
            is_known = self._looked_at.is_known and row[_CTIME] != 0
            self._doubts.append(Doubt(entry, row[_XATTRS], is_known, False))
        else:
            self._same.append(entry)
        return True

    async def _report(self, batch: ScanBatch) -> None:
        self._kept.add(batch.kept)
        self._left_out.add(batch.excluded)
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
        while len(self._doubts) >= (1 if force else most):
            await self._settle(most)
        if len(self._left_out) >= (1 if force else most):
            async with self._run.catalogue.transaction() as tx:
                await self._left_out.record(tx, self._run.folder.id, self._run.version)
        while (size := _due(self._same, most, force=force)) > 0:
            same, self._same = self._same[:size], self._same[size:]
            async with self._run.catalogue.transaction() as tx:
                await files.refresh(tx, self._run.folder.id, same)
        while (size := _due(self._new, most, force=force)) > 0:
            new, self._new = self._new[:size], self._new[size:]
            await self._hand_on(new)
        await self._write_rows(force=force)
        while True:
            size = _due(self._upserts, most, force=force or len(self._removed) >= most)
            if not size and len(self._removed) < (1 if force else most):
                return
            upserts, self._upserts = self._upserts[:size], self._upserts[size:]
            removed, self._removed = self._removed[:most], self._removed[most:]
            await self._apply(upserts, removed)

    async def _settle(self, most: int) -> None:
        """Look at some paths that may have other extended attributes."""
        doubts, self._doubts = self._doubts[:most], self._doubts[most:]
        settled = await self._looked_at.settle(doubts)
        self._upserts += settled.changed
        async with self._run.catalogue.transaction() as tx:
            if settled.same:
                await files.refresh(tx, self._run.folder.id, settled.same)
            await metadata.record(tx, self._run.folder.id, settled.found)

    async def _hand_on(self, new: list[Entry]) -> None:
        """Pass new paths on to the readers, with rows as far as they need some by now."""
        spool = self._result.spool
        others, rowless = spool.split(new)
        if not self._unwritten:
            self._unwritten_since = time.monotonic()
        self._unwritten += others
        await self._write_rows(force=any(e.kind == FileKind.REGULAR for e in others))
        if spool.add(new, rowless=bool(rowless)):
            self._count(rowless)
        else:
            await self._write(rowless)

    async def _write_rows(self, *, force: bool) -> None:
        """Write the rows of new paths that wait for them, if there are enough or it is time."""
        force = force or time.monotonic() - self._unwritten_since > _PATIENCE
        force = force or sum(len(entry.path) for entry in self._unwritten) > _WAITING
        while (size := _due(self._unwritten, self._run.limits.batch_size, force=force)) > 0:
            new, self._unwritten = self._unwritten[:size], self._unwritten[size:]
            await self._write(new)

    async def _write(self, new: list[Entry]) -> None:
        """Write rows of new paths, and count them."""
        if new and not await self._add(new):
            self._result.spool.is_open = False
            await self._apply(new, [])

    async def _add(self, entries: list[Entry]) -> bool:
        """Write new rows; False when an earlier run may have left rows in their places."""
        if self._judge.resumed:
            return False
        run = self._run
        beside = await self._looked_at.of_unread(entries)
        try:
            async with run.catalogue.transaction() as tx:
                await new_files.add(tx, run.folder.id, run.version, entries)
                await metadata.record(tx, run.folder.id, beside)
        except new_files.RowExistsError:
            return False
        self._count(entries)
        return True

    async def _apply(self, upserts: list[Entry], removed: list[bytes]) -> None:
        """Write rows that other rows of the same paths may precede."""
        run = self._run
        beside = await self._looked_at.of_unread(upserts)
        async with run.catalogue.transaction() as tx:
            continued = await files.apply_changes(
                tx, run.folder.id, run.version, upserts, removed, resumed=self._judge.resumed
            )
            await metadata.record(tx, run.folder.id, beside)
        run.progress.unchanged += len(continued)
        if continued:
            upserts = [e for e in upserts if path_key(e.path) not in continued]
        self._count(upserts)

    def _count(self, written: list[Entry]) -> None:
        """Count files that are to be read from now on."""
        sizes = [entry.size for entry in written if entry.kind == FileKind.REGULAR]
        self._has_news |= bool(sizes)
        self._run.progress.total_files += len(sizes)
        self._run.progress.total_bytes += sum(sizes)

    def _announce(self, entries: list[Entry]) -> None:
        """Publish how far the catalogue is right, and wake the readers if files are pending."""
        if entries:
            joined = path_key(entries[-1].path) + b"\0"
            unwritten = [path_key(e.path) for e in self._upserts]
            unwritten += self._removed + self._left_out.keys
            unwritten += [path_key(new[0].path) for new in (self._unwritten, self._new) if new]
            self._result.reached = min(unwritten, default=joined)
        if self._has_news:
            self._has_news = False
            self._result.notify()

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
