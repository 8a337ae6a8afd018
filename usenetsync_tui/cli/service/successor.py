"""Starts `usenetsync serve` to take the work over from a program that the user leaves.

The service starts first and waits for the catalogue, so that the embedded database runs on and
nobody else takes the engine in between. Its own log is `usenetsync serve`'s; what it prints before
and after that goes to ``background.log`` in the log folder.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import anyio

import usenetsync_tui
from usenetsync_tui.errors import NoEngineError, UsenetSyncError
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.windows import Window
from usenetsync_tui.ownership import open_or_make
from usenetsync_tui.settings.settings import Settings
from usenetsync_tui.wire.client import attached

_PATIENCE = 60.0
"""Seconds that it may take from the end of this engine to the service's."""
_POLL = 0.2
_LAST_WORDS = 2_000
"""Bytes of what it printed last."""


class Successor:
    """A `usenetsync serve` of this user that is to become the engine."""

    def __init__(self, locations: Locations) -> None:
        """Start it, in a session of its own. `UsenetSyncError` if that is impossible."""
        self._locations = locations
        self._log = locations.log_dir / "background.log"
        try:
            log = open_or_make(self._log, os.O_WRONLY | os.O_TRUNC)
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "usenetsync_tui", "serve", "--take-over"],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=Path(usenetsync_tui.__file__).parents[1],  # where Python finds the package
                    start_new_session=True,
                )
            finally:
                os.close(log)
        except OSError as error:
            raise UsenetSyncError(
                f"The work cannot go on in the background: {error.strerror}. "
                "Nothing is lost: run usenetsync again.",
                whole=True,
            ) from error

    def taken_over(self, settings: Settings) -> str:
        """Wait until it is the engine; returns what to tell the user.

        `UsenetSyncError` if it has ended, or takes too long.
        """
        return anyio.run(self._taken_over, settings)

    async def _taken_over(self, settings: Settings) -> str:
        holder, own = await self._holder(settings), self._process.pid
        where = f"in the background (pid {own})"
        if holder.pid != own:  # it was faster, and the service takes over from it
            where = f"in {safe_name(str(holder))}, and then {where}"
        return f"the work goes on {where}. Run usenetsync again to see it."

    async def started(self, settings: Settings) -> None:
        """Wait until there is an engine: this one, or another program's, and then this one ends.

        `UsenetSyncError` as for `taken_over`.
        """
        if (await self._holder(settings)).pid != self._process.pid:
            self._process.terminate()

    async def _holder(self, settings: Settings) -> Window:
        """Wait for the engine of any program."""
        with anyio.move_on_after(_PATIENCE):
            while (code := self._process.poll()) is None:
                if (holder := await self._engine(settings)) is not None:
                    return holder
                await anyio.sleep(_POLL)
            raise UsenetSyncError(
                f"The work does not go on in the background: usenetsync serve ended with exit "
                f"code {code}. {self._last_words()} Nothing is lost: run usenetsync again.",
                whole=True,
            )
        raise UsenetSyncError(
            f"usenetsync serve (pid {self._process.pid}) has not taken the work over yet; it still "
            f"tries. What it prints is in {self._log}.",
            whole=True,
        )

    async def _engine(self, settings: Settings) -> Window | None:
        try:
            async with attached(
                self._locations, who="screen", database_url=settings.database_url
            ) as engine:
                return engine.holder
        except NoEngineError:
            return None

    def _last_words(self) -> str:
        with self._log.open("rb") as file:
            file.seek(max(0, self._log.stat().st_size - _LAST_WORDS))
            lines = file.read().decode("utf-8", "replace").splitlines()
        return f"It said: {safe_name(lines[-1])}" if lines else ""
