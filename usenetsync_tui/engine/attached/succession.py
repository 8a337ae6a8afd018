"""Which engine a screen shows: the one that runs, else one of its own, and then the next.

There is one engine for each catalogue. A screen attaches to it if it can. When that engine dies,
every screen tries to become the engine; the lock lets one, and the others attach to that one. An
engine that ends on request is followed in the same way, except that a service may have been
announced, which gets time to start, and that heavy jobs which the user stopped wait for the user.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import anyio
from anyio.abc import TaskGroup

from usenetsync_tui.engine.attached.attachment import Attachment, OwnCatalogue, attachment
from usenetsync_tui.engine.engine import Engine
from usenetsync_tui.errors import CatalogueHeldError, NoEngineError
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.commands.command import Command
from usenetsync_tui.model.ports.engine import EngineHandle
from usenetsync_tui.model.status.engine import EngineStatus
from usenetsync_tui.settings.settings import Settings
from usenetsync_tui.wire.loss import EngineLoss

_POLL = 0.2
_TO_LISTEN = 1.0
"""Seconds that a program may need from taking the lock to listening."""


class Showing(Protocol):
    """Where the engine is shown (`EngineThread`)."""

    @property
    def status(self) -> EngineStatus:
        """What is shown now."""

    @property
    def is_needless(self) -> bool:
        """Whether no engine is needed any more."""

    def hand_over(self, engine: EngineHandle) -> None:
        """From now on show this engine."""

    def take_back(self, why: str, *commands: Command) -> None:
        """The engine is gone; `commands` are for the next one."""


class Succession:
    """One engine after the other, until the user leaves or an engine of this program ends."""

    def __init__(
        self,
        shown: Showing,
        make: Callable[[], Engine],
        surroundings: Callable[[], tuple[Settings, Locations]] | None,
    ) -> None:
        """`surroundings`: what attaching needs; None: never attach, view only if need be."""
        self._shown = shown
        self._make = make
        self._surroundings = surroundings
        self._catalogue: OwnCatalogue | None = None
        self._loss: EngineLoss | None = None
        """The end of the engine before; None: there was none."""
        self._patience = 0.0
        """Seconds to try to attach before this program becomes the engine."""

    async def run(self) -> None:
        """Show engines. Raises what ended this program's own one."""
        if self._surroundings is None:
            await self._own(self._make(), view_only=True)
            return
        settings, locations = self._surroundings()
        async with anyio.create_task_group() as group:
            while await self._attached(group, settings, locations) or not await self._became():
                pass
            group.cancel_scope.cancel()

    async def _attached(self, group: TaskGroup, settings: Settings, locations: Locations) -> bool:
        """Show the running engine until it is gone; False: there is none."""
        deadline = anyio.current_time() + self._patience
        while True:
            catalogue = self._catalogue or OwnCatalogue(settings, locations)
            try:
                async with attachment(catalogue, settings, locations) as engine:
                    await self._follow(group, engine, catalogue)
                return True
            except NoEngineError:
                if anyio.current_time() >= deadline:
                    return False
            await anyio.sleep(_POLL)

    async def _follow(self, group: TaskGroup, engine: Attachment, catalogue: OwnCatalogue) -> None:
        if self._catalogue is None:
            self._catalogue = catalogue
            group.start_soon(catalogue.run, lambda: self._shown.status.folders)
        self._shown.hand_over(engine)
        self._loss = await engine.remote.lost()
        self._patience = self._loss.patience
        self._shown.take_back(self._loss.words)

    async def _became(self) -> bool:
        """Be the engine until it ends; False: another program was faster."""
        engine = self._make()
        if self._loss is not None:
            engine.report(f"{self._loss.words} This screen takes over.")
            if not self._loss.is_stopped:
                engine.go_on()
        view_only = self._patience == _TO_LISTEN
        try:
            await self._own(engine, view_only=view_only)
        except CatalogueHeldError as held:
            self._shown.take_back(str(held), *engine.unread)
            self._patience = _TO_LISTEN
            return False
        return True

    async def _own(self, engine: Engine, *, view_only: bool) -> None:
        if self._shown.is_needless:  # to make it took a while
            return
        self._shown.hand_over(engine)
        await engine.run(until_idle=False, view_only=view_only)
