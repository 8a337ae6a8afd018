"""root_names: which names a version's root may have, asked for while its pages are on their way.

The store has answered before the root can be made, so that a folder over a slow line waits for one
answer less. Knows how old an answer may be. Refuses to know what a root says (`plan_root`).
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

import anyio

from usenetsync_tui.catalogue.tables.index import posted
from usenetsync_tui.errors import FolderContinuedError, StoreError, StoreUnusableError
from usenetsync_tui.pipeline.index.continued import refuse_another
from usenetsync_tui.pipeline.run.job_run import JobRun

FRESH = 60.0
"""Seconds after which the store is asked again: pages may take hours."""


class RootNames:
    """The names of a version's root. `run`: in the realm of the folder's index."""

    def __init__(self, run: JobRun) -> None:
        self._run = run
        self._free: Collection[bytes] = ()
        self._asked = float("-inf")
        self._continued: FolderContinuedError | None = None

    @asynccontextmanager
    async def asked_meanwhile(self) -> AsyncIterator[None]:
        """Ask beside the block; an answer that has not come by its end is not waited for."""
        failure: Exception | None = None
        async with anyio.create_task_group() as group:
            group.start_soon(self._ask)
            try:
                yield
            except Exception as error:  # noqa: BLE001 - raised below, not in a group
                failure = error
            group.cancel_scope.cancel()
        if failure is not None:
            raise failure

    async def _ask(self) -> None:
        run = self._run
        async with run.catalogue.transaction() as tx:
            realm = run.open_realm.realm.id
            if await posted.root(tx, run.folder.id, realm, run.version) is not None:
                return  # then it matters which of its names are of no use
        try:
            self._free = await refuse_another(run.open_realm, [run.version])
            self._asked = time.monotonic()
        except FolderContinuedError as continued:
            self._continued = continued
        except (StoreError, StoreUnusableError):
            return  # `free` asks again

    def refuse_continued(self) -> None:
        """`FolderContinuedError` if the store has said so by now."""
        if self._continued is not None:
            raise self._continued

    async def free(self, first_attempt: int = 0, *, ours: bytes = b"") -> Collection[bytes]:
        """The names of roots, from an attempt on, that no article of the store has.

        `ours`: the root that this catalogue planned, if it did. `FolderContinuedError` for a root
        of another machine.
        """
        self.refuse_continued()
        if not ours and not first_attempt and time.monotonic() - self._asked < FRESH:
            return self._free
        run = self._run
        return await refuse_another(run.open_realm, [run.version], first_attempt, ours=ours)
