"""pending: hands out the files that are still to be read, in path order, as units.

A file that changed while it was read is pending again, and comes in the next pass; `upload`
records those that still change after `PASSES`, with the reason. When the user retries files during
the run (see `file_actions`), as many passes follow again. Files that the user holds or leaves out
are skipped, and marked failed once more if the index took them in.

New files come from the spool (`waiting_files`), all others from pages of the catalogue.
"""

from __future__ import annotations

from contextlib import closing

import anyio
from anyio.streams.memory import MemoryObjectSendStream

from usenetsync_tui.catalogue.tables import files, left_out
from usenetsync_tui.catalogue.tables.files import PendingFile
from usenetsync_tui.model.entries import Notice, NoticeKind
from usenetsync_tui.model.folders import Profile
from usenetsync_tui.pipeline.run.action_gate import ActionGate
from usenetsync_tui.pipeline.run.job_run import JobRun
from usenetsync_tui.pipeline.run.streams import put
from usenetsync_tui.pipeline.upload.indexing.index_result import IndexResult
from usenetsync_tui.pipeline.upload.pack import Packer, Unit
from usenetsync_tui.pipeline.upload.waiting_files import WaitingFiles

PASSES = 3


class Outstanding:
    """Units handed out whose files are not yet planned, failed or gone."""

    def __init__(self) -> None:
        self._count = 0
        self._none = anyio.Event()
        self._none.set()

    def add(self) -> None:
        """A unit was handed out."""
        self._count += 1
        if self._count == 1:
            self._none = anyio.Event()

    def done(self) -> None:
        """The catalogue has recorded what became of a unit."""
        self._count -= 1
        if not self._count:
            self._none.set()

    async def none_left(self) -> None:
        """Return when nothing is under way."""
        await self._none.wait()


async def find_units(
    run: JobRun, indexed: IndexResult, outstanding: Outstanding, out: MemoryObjectSendStream[Unit]
) -> None:
    """Page through the pending files until none is left, in `PASSES` passes at most.

    A pass follows the index while that is still running; the next pass begins when the catalogue
    has recorded what became of every unit of this one.
    """
    gate, waiting = run.action_gate, WaitingFiles(run, indexed.spool)
    async with run.catalogue.transaction() as tx:
        gate.leaves_out = await left_out.any_of(tx, run.job_id)
    async with out, anyio.create_task_group() as beside:
        with closing(indexed.spool), gate.reading(indexed, waiting.write_rows):
            beside.start_soon(waiting.write_old)
            if gate.leaves_out:
                async with gate.stopped():
                    pass
            await _passes(run, indexed, waiting, outstanding, out)
        beside.cancel_scope.cancel()


async def _passes(
    run: JobRun,
    indexed: IndexResult,
    waiting: WaitingFiles,
    outstanding: Outstanding,
    out: MemoryObjectSendStream[Unit],
) -> None:
    gate, passes = run.action_gate, PASSES
    packing = run.folder.realm.profile is not Profile.PLAIN
    while passes:
        retries = gate.retries
        packer = Packer(run.limits.chunk_size, packing=packing)
        one_pass = _Pass(run, gate, packer, outstanding, out)
        found = await one_pass.over(indexed, waiting)
        if not run.draining and found:
            await outstanding.none_left()
        async with gate.lock:
            if run.draining or (not found and gate.retries == retries):
                return
            passes = passes - 1 if gate.retries == retries else PASSES


class _Pass:
    """Once through the pending files."""

    def __init__(
        self,
        run: JobRun,
        gate: ActionGate,
        packer: Packer,
        outstanding: Outstanding,
        out: MemoryObjectSendStream[Unit],
    ) -> None:
        self._run = run
        self._gate = gate
        self._packer = packer
        self._outstanding = outstanding
        self._out = out

    async def over(self, indexed: IndexResult, waiting: WaitingFiles) -> int:
        """Hand out what the index has reached until it is finished; returns how many files."""
        run, gate, found = self._run, self._gate, 0
        gate.at = b""
        while not run.draining:
            async with gate.lock:
                generation, finished, news = gate.generation, indexed.finished, indexed.news
                page = waiting.take()
                if not page and not indexed.spool.is_open:
                    page = await self._next_page(None if finished else indexed.reached)
                out = await _left_out(run, page) if gate.leaves_out and page else {}
            for file in page:
                if gate.generation != generation or gate.lock.locked():
                    break  # the user acts on files: the rest of the page is stale
                gate.at = file.key
                if file.key not in out:
                    found += 1
                    if units := self._packer.add(file):
                        await self._hand_out(units)
            if not page:
                if finished:
                    break
                await news.wait()
        indexed.spool.close()  # the next pass reads what is pending by then
        await self._hand_out(self._packer.flush())
        return found

    async def _next_page(self, until: bytes | None) -> list[PendingFile]:
        async with self._run.catalogue.transaction() as tx:
            size = self._run.limits.batch_size
            return await files.pending_page(tx, self._run.folder, self._gate.at, size, until)

    async def _hand_out(self, units: list[Unit]) -> None:
        for unit in units:
            await self._run.gate.passed()
            if not self._run.draining:
                self._outstanding.add()
                await put(self._out, unit)


async def _left_out(run: JobRun, page: list[PendingFile]) -> dict[bytes, str]:
    """Files that the index took in but the user leaves out, by key; marks them failed again."""
    async with run.catalogue.transaction() as tx:
        reasons = await left_out.among(tx, run.job_id, [f.entry.path for f in page])
        kept = {f.key: reasons[f.entry.path] for f in page if f.entry.path in reasons}
        await files.set_failed(tx, run.folder.id, list(kept.items()))
    progress = run.progress
    for file in page:
        if file.key in kept:
            progress.failed(file.entry.size)
            progress.notices += 1
            progress.errors += 1
            progress.latest.append(Notice(NoticeKind.LEFT_OUT, file.entry.path, kept[file.key]))
    return kept
