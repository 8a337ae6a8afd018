"""A command that is not a job: carried out by the engine that runs, else by this program.

Knows which of them does it, how long to wait for it, and how the user stops it. Refuses to know
what is done, and how the result is printed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar, cast

import anyio

from usenetsync_tui.cli.options import Voice
from usenetsync_tui.cli.output import voices
from usenetsync_tui.cli.signals import stopped_by
from usenetsync_tui.engine.opening import OpenCatalogue, application_name, open_catalogue
from usenetsync_tui.errors import (
    CatalogueHeldError,
    EngineBusyError,
    NoEngineError,
    leading_error,
    refusal,
)
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.answers import Answer, Result
from usenetsync_tui.model.commands.command import Command
from usenetsync_tui.model.status.engine import EngineStatus
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.waiting import Waits
from usenetsync_tui.postgres.lock import SHORTEST_PATIENCE, EngineLock
from usenetsync_tui.settings.settings import Settings
from usenetsync_tui.wire.client import RemoteEngine, attached

R = TypeVar("R", bound=Result)

_LONGEST_TRY = 5.0
"""Seconds to wait for the lock before looking again whether its holder listens."""
_AGAIN = 0.5
_TO_STOP = 1.5
"""Seconds that an engine has to stop what it does."""


class Request(Generic[R]):
    """One command with a result (`model.answers.Result`)."""

    def __init__(
        self,
        settings: Settings,
        locations: Locations,
        *,
        what: str,
        voice: Voice,
        waits: Waits,
        wait: float = 0.0,
        stop: Command | None = None,
    ) -> None:
        """`what`: the verb. `waits`: announces what the engine, or this program, waits for.

        `wait`: seconds to wait for an engine that is busy, or cannot be reached. `stop`: the
        command that stops it at an engine; None: an engine finishes it once it has begun.
        """
        self._settings, self._locations = settings, locations
        self._what, self._voice, self._waits, self._wait = what, voice, waits, wait
        self._stop = stop
        self._engine: RemoteEngine | None = None
        self._asking = anyio.CancelScope()
        self._interrupted = False
        self._said: set[str] = set()

    @property
    def status(self) -> EngineStatus | None:
        """The status of the engine that does it; None while this program does."""
        return None if self._engine is None else self._engine.status

    async def run(
        self,
        command: Callable[[], Awaitable[Command]],
        alone: Callable[[OpenCatalogue], Awaitable[R]],
    ) -> R | None:
        """The result; None when a signal has stopped this program's waiting for it.

        `command` makes the command for an engine that runs. `alone` does the same with a catalogue
        that no engine uses. Raises why it was refused, `EngineLostError`, `CatalogueHeldError`.
        """
        deadline = anyio.current_time() + self._wait
        while True:
            left = deadline - anyio.current_time()
            try:
                result = await self._asked(command)
                if result is None and not self._interrupted:
                    patience = min(max(left, SHORTEST_PATIENCE), _LONGEST_TRY)
                    result = await self._done_here(alone, patience)
                return result
            except EngineBusyError:
                if left <= -SHORTEST_PATIENCE:
                    raise
            except CatalogueHeldError:
                if left <= 0:
                    result = await self._asked(command)  # the holder may listen by now
                    if result is None:
                        raise
                    return result
            await anyio.sleep(_AGAIN)

    async def _asked(self, command: Callable[[], Awaitable[Command]]) -> R | None:
        """The result of the engine that runs; None if none does. Raises why it refused."""
        try:
            async with attached(
                self._locations, who=self._what, database_url=self._settings.database_url
            ) as engine:
                asked = await command()
                self._complain(f"{engine.holder} does the work.")
                answer = await self._answer(engine, asked)
        except NoEngineError as error:
            if any(error.args):  # a program listens, but cannot be used
                self._complain(str(error))
            return None
        if answer.problem and not self._interrupted:
            raise refusal(answer)
        return cast("R | None", answer.result)

    async def _answer(self, engine: RemoteEngine, command: Command) -> Answer:
        """What became of it; an empty answer when a signal came first. `EngineLostError`."""
        self._engine, self._asking = engine, anyio.CancelScope()
        try:
            with (
                self._waits.announced(lambda: engine.status.waiting),
                stopped_by(self._interrupt, bool, self._voice),
                self._asking,
            ):
                return await engine.ask(command)
            return Answer()
        finally:
            self._engine = None

    def _interrupt(self) -> None:
        """A signal came: stop it, if that is possible."""
        assert self._engine is not None
        self._interrupted = True
        if self._stop is None:
            self._complain(f"{self._engine.holder} finishes it all the same.")
            self._asking.cancel()
            return
        self._complain(f"asked {self._engine.holder} to stop it.")
        self._engine.submit(self._stop)
        self._asking.deadline = anyio.current_time() + _TO_STOP

    async def _done_here(
        self, alone: Callable[[OpenCatalogue], Awaitable[R]], patience: float
    ) -> R:
        """Do it with a catalogue that no engine uses. `CatalogueHeldError` after `patience` s."""
        try:
            async with (
                open_catalogue(
                    self._settings, self._locations, self._what, waits=self._waits
                ) as opened,
                EngineLock(
                    opened.conninfo,
                    application_name=application_name(self._what),
                    patience=patience,
                    waits=self._waits,
                ),
            ):
                return await alone(opened)
        except ExceptionGroup as group:
            raise leading_error(group) from None

    def _complain(self, words: str) -> None:
        """Print a sentence, once: a busy engine is asked again."""
        if not self._voice.quiet and words not in self._said:
            self._said.add(words)
            voices.complain(f"usenetsync: {safe_name(words)}")
