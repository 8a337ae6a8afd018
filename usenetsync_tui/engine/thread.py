"""Runs the engine in a thread of its own, with its own event loop (DESIGN §8).

A dead SSH link can block Textual's loop for any length of time, and Textual cancels its workers
even through shields: so the engine runs beside that loop, not in it.

Python runs one thread at a time, so the modules of the engine would delay the first frame of the
screen if they were loaded before it. This module therefore loads none of them, and `EngineThread`
is what the screen shows until there is an engine.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from typing import TYPE_CHECKING

from usenetsync_tui.errors import leading_error
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.commands.command import Command
from usenetsync_tui.model.commands.engine import Drain
from usenetsync_tui.model.ports.browser import Browser
from usenetsync_tui.model.ports.engine import EngineHandle
from usenetsync_tui.model.status.engine import EngineState, EngineStatus

if TYPE_CHECKING:
    from usenetsync_tui.engine.engine import Engine
    from usenetsync_tui.settings.settings import Settings

_PATIENCE = 2.0
"""Seconds after which the engine starts although nothing is drawn: the terminal may be dead."""


class EngineThread:
    """Runs or attaches to an engine inside the block; leaving it stops an engine of its own.

    It is an `EngineHandle` from the start: until the engine is there, the status is "starting",
    and commands wait. The same between two engines, when one in another program has ended.
    """

    def __init__(
        self,
        make: Callable[[], Engine],
        surroundings: Callable[[], tuple[Settings, Locations]] | None = None,
    ) -> None:
        """`make` is called in the thread, so it may load modules and read settings.

        What it raises ends the engine before it was there: the status is then "refused".
        `surroundings` is called there too; without it, the engine is always one of this program.
        """
        self._make = make
        self._surroundings = surroundings
        self._engine: EngineHandle | None = None
        self._status = EngineStatus(EngineState.STARTING, limits=None)
        self._browser: Browser | None = None
        self._early: list[Command] = []
        self._handing_over = threading.Lock()
        self._may_begin = threading.Event()
        self._left = False
        self._cancel: Callable[[], object] = bool
        self._over: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, name="engine")

    def __enter__(self) -> EngineThread:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()
        self._thread.join()

    @property
    def status(self) -> EngineStatus:
        """The latest status."""
        engine = self._engine
        return self._status if engine is None else engine.status

    @property
    def browser(self) -> Browser | None:
        """The engine's browser; None until the catalogue is open."""
        engine = self._engine
        return self._browser if engine is None else engine.browser

    @property
    def is_attached(self) -> bool:
        """Whether the engine is another program's."""
        return self.status.holder is not None

    def submit(self, command: Command) -> None:
        """Leave a command; from any thread, waits for nothing but another call of this."""
        with self._handing_over:
            if self._engine is None:
                self._early.append(command)
            else:
                self._engine.submit(command)

    def begin(self) -> None:
        """Start the engine: the screen is drawn. From any thread; returns at once."""
        self._may_begin.set()

    def drain(self, grace: float | None = None, *, hand_over: bool = False) -> bool:
        """Finish what is in flight and stop; False when that takes longer than `grace` seconds.

        `hand_over`: another program takes over. An engine of another program is only left. Raises
        what ended the engine, if something did.
        """
        if self.is_attached:
            self.leave()
        else:
            self.submit(Drain(hand_over))
        self.begin()
        try:
            self._over.result(grace)
        except TimeoutError:
            return False
        return True

    def leave(self) -> None:
        """Stop without finishing what is in flight: the next run continues from the ledger."""
        with self._handing_over:
            self._left = True
            self._cancel()
        self.begin()

    def _run(self) -> None:
        self._may_begin.wait(_PATIENCE)
        try:
            if not self.is_needless:
                self._run_engine()
        except BaseException as error:  # noqa: BLE001 - `drain` raises it
            failure = leading_error(error)
            if self._engine is None:
                words = str(failure)
                self._status = EngineStatus(EngineState.REFUSED, message=words, limits=None)
            self._over.set_exception(failure)
        else:
            self._over.set_result(None)

    @property
    def is_needless(self) -> bool:
        """Whether the user left while there was no engine, and gave it nothing to do."""
        return self._left or {type(command) for command in self._early} == {Drain}

    def _run_engine(self) -> None:
        import asyncio

        import anyio

        from usenetsync_tui.engine.attached.succession import Succession

        async def run() -> None:
            loop = asyncio.get_running_loop()
            with anyio.CancelScope() as scope:
                self._leave_by(lambda: loop.call_soon_threadsafe(scope.cancel))  # never waits
                try:
                    await Succession(self, self._make, self._surroundings).run()
                finally:
                    self._leave_by(bool)

        anyio.run(run)

    def _leave_by(self, cancel: Callable[[], object]) -> None:
        """From now on `leave` calls `cancel`."""
        with self._handing_over:
            self._cancel = cancel
            if self._left:
                cancel()

    def hand_over(self, engine: EngineHandle) -> None:
        """From now on show this engine, and give it the commands.

        The user may have quit meanwhile: that ends no engine of another program.
        """
        is_others = engine.status.holder is not None
        with self._handing_over:
            self._engine = engine
            for command in self._early:
                if not (is_others and isinstance(command, Drain)):
                    engine.submit(command)
                else:
                    self._left = True
                    self._cancel()
            self._early.clear()

    def take_back(self, why: str, *commands: Command) -> None:
        """The engine is gone: say why, and keep commands, with these first, for the next one."""
        with self._handing_over:
            engine, self._engine = self._engine, None
            if engine is not None:
                self._browser = engine.browser
                self._status = replace(
                    engine.status,
                    state=EngineState.STARTING,
                    message=why,
                    holder=None,
                    windows=(),
                    workers=(),
                    waiting=None,
                    bytes_per_second=0.0,
                    files_per_second=0.0,
                    sharing=None,
                )
            self._early[:0] = commands
