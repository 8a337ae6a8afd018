"""Opens the catalogue: the embedded server or the user's own, migrated, with its pool."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import field
from typing import TypeVar

import anyio
from anyio import to_thread

from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.disk.source.own_files import OwnPath
from usenetsync_tui.engine.own_paths import database_paths
from usenetsync_tui.errors import DatabaseStartError, UsenetSyncError
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.model.waiting import Waiting, Waits, WaitsFor
from usenetsync_tui.postgres.embedded.postmaster import OnWait
from usenetsync_tui.postgres.embedded.server import EmbeddedServer
from usenetsync_tui.postgres.pool import open_pool
from usenetsync_tui.settings.settings import Settings

T = TypeVar("T")

_PATIENCE_TO_LEAVE = 20.0
"""Seconds that the last user of the embedded server may take to stop it."""
_HURRY = 1.0
"""The same for a user that was cancelled."""


@value_object
class OpenCatalogue:
    """A catalogue ready for work, and where it is."""

    catalogue: Catalogue
    conninfo: str = field(repr=False)
    """It may hold a password."""
    embedded: bool
    own: tuple[OwnPath, ...]
    """The folders of the embedded database: never uploaded."""
    why_lost: Callable[[], UsenetSyncError | None]
    """Why the server went down, if that is known. Blocking."""
    waits: Waits
    """Announces when the server does not answer, as all users of the catalogue then wait."""


def application_name(what: str) -> str:
    """The name of a session, shown to others that find the catalogue held (at most 63 bytes)."""
    return f"usenetsync {what} pid {os.getpid()} on {socket.gethostname()}"[:63]


@asynccontextmanager
async def open_catalogue(
    settings: Settings,
    locations: Locations,
    what: str,
    *,
    waits: Waits | None = None,
) -> AsyncIterator[OpenCatalogue]:
    """Start or join the server, migrate, open the pool; undo it all in reverse.

    `waits` announces what it waits for. When cancelled, it gives up at once.
    Raises `DatabaseStartError`, `DatabaseUnavailableError`, `CatalogueVersionError`.
    """
    embedded, waits = None, waits or Waits()
    if settings.database_url is None:
        embedded = EmbeddedServer(locations)
        conninfo = await acquired(embedded, waits)
    else:
        conninfo = settings.database_url.get_secret_value()
    patience = _PATIENCE_TO_LEAVE
    try:
        async with open_pool(
            conninfo,
            max_size=settings.max_connections - 4,  # the lock, the screen and a spare pair
            application_name=application_name(what),
            waits=waits,
        ) as pool:
            catalogue = Catalogue(pool)
            with waits.announced(_waiting(": preparing its tables")):
                await catalogue.migrate()
            own = tuple(database_paths(embedded)) if embedded is not None else ()
            why_lost = embedded.why_lost if embedded is not None else lambda: None
            yield OpenCatalogue(catalogue, conninfo, embedded is not None, own, why_lost, waits)
    except anyio.get_cancelled_exc_class():
        patience = _HURRY
        raise
    finally:
        if embedded is not None:
            with anyio.move_on_after(patience, shield=True):
                await to_thread.run_sync(embedded.release, abandon_on_cancel=True)


async def acquired(embedded: EmbeddedServer, waits: Waits) -> str:
    """The server's address, as soon as it runs. When cancelled, it returns at once."""
    given_up = threading.Event()

    def acquire(on_wait: OnWait) -> str:
        conninfo = embedded.acquire(on_wait)
        if given_up.is_set():
            embedded.release()
        return conninfo

    return await waited_for(acquire, waits, given_up)


async def waited_for(
    call: Callable[[OnWait], T], waits: Waits, given_up: threading.Event | None = None
) -> T:
    """The result of a blocking call to the embedded server; `waits` announces its waiting.

    When cancelled, it returns at once and sets `given_up`. The thread that still waits for the
    server then gives up at its next `on_wait`, or ends with the process.
    """
    given_up, words = given_up or threading.Event(), ""

    def on_wait(now: str) -> None:
        nonlocal words
        if given_up.is_set():
            raise DatabaseStartError("UsenetSync stopped waiting for it.")
        words = f": {now}"

    with waits.announced(lambda: _waiting(words)):
        try:
            return await to_thread.run_sync(call, on_wait, abandon_on_cancel=True)
        except anyio.get_cancelled_exc_class():
            given_up.set()
            raise


def _waiting(words: str) -> Waiting:
    return Waiting(f"waiting for the database{words}", what=WaitsFor.DATABASE)
