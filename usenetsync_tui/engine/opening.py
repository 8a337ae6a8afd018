"""Opening the catalogue: the embedded server or the user's own, migrated, with its pool."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
from anyio import to_thread

from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.engine.own_places import database_places
from usenetsync_tui.errors import UsenetSyncError
from usenetsync_tui.locations import Locations
from usenetsync_tui.pipeline.own_files import OwnPlace
from usenetsync_tui.postgres.embedded import EmbeddedServer
from usenetsync_tui.postgres.pool import open_pool
from usenetsync_tui.settings import Settings


@dataclass(frozen=True, slots=True)
class OpenCatalogue:
    """A catalogue ready for work, and where it is."""

    catalogue: Catalogue
    conninfo: str = field(repr=False)
    """It may hold a password."""
    embedded: bool
    own: tuple[OwnPlace, ...]
    """Where the embedded database is: never to be uploaded."""
    why_lost: Callable[[], UsenetSyncError | None]
    """Why the server went down, if that is known. Blocking."""


def application_name(what: str) -> str:
    """How a session presents itself to whoever finds the catalogue held (63 bytes at most)."""
    return f"usenetsync {what} pid {os.getpid()} on {socket.gethostname()}"[:63]


@asynccontextmanager
async def open_catalogue(
    settings: Settings,
    locations: Locations,
    what: str,
    *,
    on_wait: Callable[[str], None] | None = None,
) -> AsyncIterator[OpenCatalogue]:
    """Start or join the server, migrate, open the pool; undo it all in reverse.

    Raises `DatabaseStartError`, `DatabaseUnavailableError`, `CatalogueVersionError`.
    """
    embedded = None
    if settings.database_url is None:
        embedded = EmbeddedServer(locations)
        conninfo = await to_thread.run_sync(embedded.acquire, on_wait)
    else:
        conninfo = settings.database_url.get_secret_value()
    try:
        async with open_pool(
            conninfo,
            max_size=settings.max_connections - 4,  # the lock, the screen and a spare pair
            application_name=application_name(what),
        ) as pool:
            catalogue = Catalogue(pool)
            await catalogue.migrate()
            own = tuple(database_places(embedded)) if embedded is not None else ()
            why_lost = embedded.why_lost if embedded is not None else lambda: None
            yield OpenCatalogue(catalogue, conninfo, embedded is not None, own, why_lost)
    finally:
        if embedded is not None:
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(embedded.release)
