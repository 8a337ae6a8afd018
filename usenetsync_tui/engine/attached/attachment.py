"""A screen's view of an engine in another program: its status, and the catalogue on the side.

The status and the commands cross the wire. Lists of files, versions and articles are read from the
catalogue on connections of this program's own, so a window that reads much costs the engine
nothing; names of articles come from realms that this program opens with its own key.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio

from usenetsync_tui.catalogue.lookups.browse import CatalogueBrowser
from usenetsync_tui.engine.job_loop import open_all_realms
from usenetsync_tui.engine.opening import application_name, open_catalogue
from usenetsync_tui.engine.stores import Stores
from usenetsync_tui.errors import UsenetSyncError
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.commands.command import Command
from usenetsync_tui.model.status.engine import EngineStatus
from usenetsync_tui.model.status.folders import FolderStatus
from usenetsync_tui.settings.settings import Settings
from usenetsync_tui.wire.client import RemoteEngine, attached

_AGAIN = 5.0
"""Seconds before the catalogue is opened again after a failure."""
_CONNECTIONS = 8
"""Of the pool beside the browser, which opens keys and little more."""


class OwnCatalogue:
    """The catalogue as an attached screen reads it, from `run` on."""

    def __init__(self, settings: Settings, locations: Locations) -> None:
        limit = min(settings.max_connections, _CONNECTIONS)
        self._settings = settings.model_copy(update={"max_connections": limit})
        self._locations = locations
        self.browser: CatalogueBrowser | None = None
        """None until the catalogue is open."""
        self.problem = ""
        """Why it is not open."""

    async def run(self, folders: Callable[[], tuple[FolderStatus, ...]]) -> None:
        """Keep it open until cancelled. It outlives the engine: the embedded server runs on."""
        while True:
            try:
                await self._open(folders)
            except UsenetSyncError as error:
                self.problem = str(error)
                await anyio.sleep(_AGAIN)

    async def _open(self, folders: Callable[[], tuple[FolderStatus, ...]]) -> None:
        async with (
            open_catalogue(self._settings, self._locations, "screen") as opened,
            Stores(opened.catalogue, self._settings, self._locations, opened.waits) as stores,
        ):
            name = application_name("screen")
            self.browser = CatalogueBrowser(opened.conninfo, name, wire_id=stores.wire_id)
            self.problem = ""
            await open_all_realms(stores, folders)


class Attachment:
    """An engine in another program as a screen uses it; implements `EngineHandle`."""

    def __init__(self, remote: RemoteEngine, catalogue: OwnCatalogue) -> None:
        self.remote = remote
        self._catalogue = catalogue

    @property
    def status(self) -> EngineStatus:
        """The engine's latest status."""
        return self.remote.status

    @property
    def browser(self) -> CatalogueBrowser | None:
        """Pages of the catalogue; None until this program has opened it."""
        return self._catalogue.browser

    def submit(self, command: Command) -> None:
        """Send a command to the engine; from any thread, never waits."""
        self.remote.submit(command)


@asynccontextmanager
async def attachment(
    catalogue: OwnCatalogue, settings: Settings, locations: Locations
) -> AsyncIterator[Attachment]:
    """Attach to the running engine. `NoEngineError`."""
    async with attached(locations, who="screen", database_url=settings.database_url) as remote:
        yield Attachment(remote, catalogue)
