"""New files that wait in the spool for their readers, most of them without rows.

Rows show them to users, who can then act on them. So they get their rows before a user acts, and
when the readers do not come to them within `ROWLESS` seconds. Refuses to know how they are read.
"""

from __future__ import annotations

import anyio

from usenetsync_tui.catalogue.tables import new_files
from usenetsync_tui.catalogue.tables.files import PendingFile
from usenetsync_tui.pipeline.run.job_run import JobRun
from usenetsync_tui.pipeline.upload.indexing.spool import Spool

ROWLESS = 60.0
"""Seconds that new files may wait without rows."""


class WaitingFiles:
    """What a spool has, and what the readers were not given yet of the batch they are at."""

    def __init__(self, run: JobRun, spool: Spool) -> None:
        self._run = run
        self._spool = spool
        self._taken: list[PendingFile] = []

    def take(self) -> list[PendingFile]:
        """The next files, or nothing. Raises SourceError."""
        rest = self._not_handed_out()
        self._taken = rest or self._spool.take()
        return self._taken

    def _not_handed_out(self) -> list[PendingFile]:
        return [f for f in self._taken if f.key > self._run.action_gate.at]

    async def write_rows(self) -> None:
        """Give all of them their rows, and leave them to the catalogue; with the gate's lock."""
        await self._write(self._not_handed_out())
        self._taken = []
        while await self._wrote_last():
            pass

    async def write_old(self) -> None:
        """The same after a while, batch by batch, from the end: the readers go on meanwhile."""
        await anyio.sleep(ROWLESS)
        written = True
        while written:
            async with self._run.action_gate.lock:
                written = await self._wrote_last()

    async def _wrote_last(self) -> bool:
        """Write the rows of the last files that wait; False when none wait."""
        files = self._spool.last()
        if files:
            await self._write(files)
            self._spool.drop_last()
        return bool(files)

    async def _write(self, files: list[PendingFile]) -> None:
        run = self._run
        async with run.catalogue.transaction() as tx:
            await new_files.add_rowless(tx, run.folder.id, run.version, files)
