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
from typing import TYPE_CHECKING

from usenetsync_tui.errors import leading_error
from usenetsync_tui.model.commands import Command, Drain
from usenetsync_tui.model.ports import Browser
from usenetsync_tui.model.status import EngineState, EngineStatus

if TYPE_CHECKING:
    from usenetsync_tui.engine.engine import Engine

_PATIENCE = 2.0
"""Seconds after which the engine starts although nothing is drawn: the terminal may be dead."""


class EngineThread:
    """Makes and runs an engine inside the block; leaving it stops the engine if it still runs.

    It is an `EngineHandle` from the start: until the engine is there, the status is "starting",
    and commands wait.
    """

    def __init__(self, make: Callable[[], Engine]) -> None:
        """`make` is called in the thread, so it may load modules and read settings.

        What it raises ends the engine before it was there: the status is then "refused".
        """
        self._make = make
        self._engine: Engine | None = None
        self._status = EngineStatus(EngineState.STARTING, limits=None)
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
        return self._status if self._engine is None else self._engine.status

    @property
    def browser(self) -> Browser | None:
        """The engine's browser; None until the catalogue is open."""
        return None if self._engine is None else self._engine.browser

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

    def drain(self, grace: float | None = None) -> bool:
        """Finish what is in flight and stop; False when that takes longer than `grace` seconds.

        Raises what ended the engine, if something did.
        """
        self.submit(Drain())
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
            if not self._is_needless:
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
    def _is_needless(self) -> bool:
        """Whether the user left before the engine ran, and gave it nothing to do."""
        return self._left or {type(command) for command in self._early} == {Drain}

    def _run_engine(self) -> None:
        import anyio
        from anyio.from_thread import BlockingPortal

        async def run(engine: Engine) -> None:
            async with BlockingPortal() as portal:
                with anyio.CancelScope() as scope:
                    self._hand_over(engine, lambda: portal.start_task_soon(scope.cancel))
                    try:
                        await engine.run(until_idle=False)
                    finally:
                        self._hand_over(engine, bool)

        engine = self._make()
        if not self._is_needless:  # it took a while
            anyio.run(run, engine)

    def _hand_over(self, engine: Engine, cancel: Callable[[], object]) -> None:
        """From now on commands go to the engine, and `leave` calls `cancel`."""
        with self._handing_over:
            self._engine, self._cancel = engine, cancel
            for command in self._early:
                engine.submit(command)
            self._early.clear()
            if self._left:
                cancel()
