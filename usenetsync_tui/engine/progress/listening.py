"""Serves the progress where `progress_listen` says, while an engine holds the catalogue.

Knows the settings and the token. Refuses to know HTTP, and who reads (`progress_stream`, which is
loaded only when the setting is set).
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread

from usenetsync_tui.engine.progress.events import EventLog
from usenetsync_tui.errors import SettingsError
from usenetsync_tui.locations import Locations, make_private
from usenetsync_tui.model.secret import Secret
from usenetsync_tui.model.servers.listen_address import read_listen_address
from usenetsync_tui.model.status.engine import EngineStatus
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.ownership import give_to_owner_of
from usenetsync_tui.settings.secret_files import secret_line
from usenetsync_tui.settings.settings import Settings
from usenetsync_tui.settings.sources import shown
from usenetsync_tui.whole_file import write_whole

if TYPE_CHECKING:
    from usenetsync_tui.progress_stream.stream import ProgressStream

TOKEN_NAME = "progress-token"
"""The file in the configuration folder whose first line clients of the progress must send."""
_TOKEN_BYTES = 32
_EVERY = 1.0
_SHORTEST = 16
"""Characters below which a token can be guessed."""
_AGAIN = 15.0
"""Seconds until a port that is in use is tried again."""


@value_object
class _Wanted:
    """The settings that matter here."""

    address: str
    names: tuple[str, ...]
    remote: bool


class Listening:
    """The progress stream of an engine, or of all engines of `usenetsync serve`."""

    def __init__(
        self, locations: Locations, status: Callable[[], EngineStatus], *, lasting: bool
    ) -> None:
        """`lasting`: the stream outlives `follow`, until `close`."""
        self._locations, self._status, self._lasting = locations, status, lasting
        self._stream: ProgressStream | None = None
        self._is: _Wanted | None = None
        self._problem = ""

    async def follow(self, settings: Callable[[], Settings], events: EventLog) -> None:
        """Listen as the newest settings say, until cancelled.

        What goes wrong is an event, said once, and tried again: the engine works on.
        """
        try:
            while True:
                wanted = _wanted(settings())
                if wanted != self._is:
                    await self._change(wanted, events)
                await anyio.sleep(_AGAIN if wanted != self._is else _EVERY)
        finally:
            if not self._lasting:
                await self.close()

    async def close(self) -> None:
        """Stop listening."""
        stream, self._stream, self._is = self._stream, None, None
        if stream is not None:
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(stream.stop)

    async def _change(self, wanted: _Wanted | None, events: EventLog) -> None:
        await self.close()
        if wanted is None:
            self._problem = ""
            return
        path = self._locations.config_dir / TOKEN_NAME
        try:
            with anyio.CancelScope(shield=True):  # a thread that has begun must be known here
                said = await to_thread.run_sync(self._started, wanted, path)
        except (SettingsError, OSError) as error:
            why = str(error) if isinstance(error, SettingsError) else f"{error.strerror or error}."
            problem = f"Progress is not served at {wanted.address}: {why}"
            if problem != self._problem:
                events.bad(problem)
            self._problem = problem
        else:
            self._is, self._problem = wanted, ""
            events.info(f"progress is served at {said}; its token is in {shown(path)}")

    def _started(self, wanted: _Wanted, path: Path) -> str:
        """Start the stream; returns its address. Blocking."""
        from usenetsync_tui.progress_stream.stream import ProgressStream

        stream = ProgressStream(
            self._status,
            read_listen_address(wanted.address),
            token=read_token(path),
            names=wanted.names,
            remote=wanted.remote,
        )
        addresses = stream.start()
        self._stream = stream
        return " and ".join(f"ws://{address}/progress" for address in addresses)


def _wanted(settings: Settings) -> _Wanted | None:
    if not settings.progress_listen:
        return None
    return _Wanted(
        settings.progress_listen, tuple(settings.progress_hosts), settings.progress_remote
    )


def read_token(path: Path) -> Secret:
    """The token in a file, which is made at the first use. `SettingsError`."""
    try:
        make_private(path.parent)
        if not os.path.lexists(path):
            write_whole(
                path,
                f"{secrets.token_urlsafe(_TOKEN_BYTES)}\n".encode(),
                hand_over=lambda descriptor: give_to_owner_of(descriptor, path.parent),
            )
    except FileExistsError:
        pass  # another engine was faster
    except OSError as error:
        words = f"{shown(path)} cannot be written: {error.strerror}."
        raise SettingsError(words, whole=True) from error
    token = Secret(secret_line(path).strip())
    if len(token) < _SHORTEST:
        words = f"{shown(path)} holds no token: remove it, and a new one is made."
        raise SettingsError(words, whole=True)
    return token
