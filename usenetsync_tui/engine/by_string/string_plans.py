"""Finds what a restore with a recovery string would do, on behalf of the screen.

It loads the index as the restore does, and the restore uses what is loaded. Never logs the string.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import anyio
from anyio import to_thread

from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.engine.by_string.typed_secret import secret_of
from usenetsync_tui.engine.jobs.guarded import Guarded, planned
from usenetsync_tui.engine.jobs.new_jobs import NewJob
from usenetsync_tui.engine.stores import Stores
from usenetsync_tui.errors import UsageError
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.commands.versions import PreviewRestore
from usenetsync_tui.model.restores.plans import PlanBatch, PlanPhase

Batches = AsyncIterator[PlanBatch]


@dataclass(slots=True)
class StringPlans:
    """One plan at a time has what it loaded."""

    stores: Stores
    locations: Locations
    is_left: bool = False
    """Whether what the current plan loaded stays when it ends, for the restore after it."""
    turn: anyio.Lock = field(default_factory=anyio.Lock)

    @asynccontextmanager
    async def planned(
        self,
        command: PreviewRestore,
        enter: Callable[[PlanPhase], object],
        take: Callable[[Batches], Awaitable[None]],
    ) -> AsyncIterator[None]:
        """Plan, then keep what was loaded as long as the caller stays in the block.

        `enter` hears how far it is, `take` consumes the plan. Errors as of `StringRestore.run`.
        """
        from usenetsync_tui.engine.by_string.restoring import StringRestore, WantedByString

        enter(PlanPhase.SEARCH)
        secret = await secret_of(command.string, command.passphrase)

        async def goes_on(catalogue: Catalogue, new: NewJob, never: Guarded) -> bool:
            enter(PlanPhase.PLAN)
            await take(planned(catalogue, new, never))
            return False

        async with self.turn:
            self.is_left = False
            try:
                await StringRestore(
                    self.stores.settings,
                    self.locations,
                    WantedByString(command.restore),
                    self.stores.waits,
                    found=lambda recovery: enter(PlanPhase.LOAD),
                    goes_on=goes_on,
                    keeps=True,
                    servers=self.stores.servers,
                ).run(secret)
                yield
            finally:
                if not self.is_left:
                    with anyio.CancelScope(shield=True):
                        await self._remove(secret)

    async def _remove(self, secret: bytes) -> None:
        from usenetsync_tui.engine.by_string.scratch import Scratch

        scratch = Scratch(secret, self.locations)
        with suppress(UsageError):  # another program has it now
            async with scratch.use():
                await to_thread.run_sync(scratch.remove)
