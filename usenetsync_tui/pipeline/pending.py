"""pending: which files are still to be read, in path order, handed out as units.

A file that changed while it was read is pending again, and comes in the next pass; what
still changes after `PASSES` is left to `upload` to record with its reason.
"""

from __future__ import annotations

import anyio
from anyio.streams.memory import MemoryObjectSendStream

from usenetsync_tui.catalogue import files
from usenetsync_tui.model.folders import Profile
from usenetsync_tui.pipeline.index import IndexResult
from usenetsync_tui.pipeline.pack import Packer, Unit
from usenetsync_tui.pipeline.run import Run

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
        """The catalogue says what became of a unit."""
        self._count -= 1
        if not self._count:
            self._none.set()

    async def none_left(self) -> None:
        """Return when nothing is under way."""
        await self._none.wait()


async def find_units(
    run: Run, indexed: IndexResult, outstanding: Outstanding, out: MemoryObjectSendStream[Unit]
) -> None:
    """Page through the pending files until none is left, in `PASSES` passes at most.

    A pass follows the index while that is still running; the next one begins when the
    catalogue says what became of every unit of this one.
    """
    packing = run.folder.realm.profile is not Profile.PLAIN
    async with out:
        for _ in range(PASSES):
            packer = Packer(run.limits.chunk_size, packing=packing)
            found = await _one_pass(run, indexed, packer, outstanding, out)
            if run.draining or not found:
                return
            await outstanding.none_left()


async def _one_pass(
    run: Run,
    indexed: IndexResult,
    packer: Packer,
    outstanding: Outstanding,
    out: MemoryObjectSendStream[Unit],
) -> int:
    async def hand_out(units: list[Unit]) -> None:
        for unit in units:
            await run.gate.passed()
            if not run.draining:
                outstanding.add()
                await out.send(unit)

    after, found = b"", 0
    while not run.draining:
        finished, bell = indexed.finished, indexed.bell
        until = None if finished else indexed.reached
        async with run.catalogue.transaction() as tx:
            page = await files.pending_page(tx, run.folder.id, after, run.limits.batch_size, until)
        for file in page:
            await hand_out(packer.add(file))
        if page:
            after, found = page[-1].key, found + len(page)
        elif finished:
            break
        else:
            await bell.wait()
    await hand_out(packer.flush())
    return found
