"""Runs the engine in a thread of its own, with its own event loop (DESIGN §8).

A dead SSH link can block Textual's loop for any length of time, and Textual cancels its workers
even through shields: so the engine runs beside that loop, not in it.
"""

from __future__ import annotations

from concurrent.futures import CancelledError, Future
from contextlib import ExitStack
from functools import partial

from anyio.from_thread import BlockingPortal, start_blocking_portal

from usenetsync_tui.engine.engine import Engine
from usenetsync_tui.model.commands import Drain


class EngineThread:
    """Runs an engine inside the block; leaving the block stops it at once if it still runs."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._stack = ExitStack()
        self._future: Future[None] | None = None

    def __enter__(self) -> EngineThread:
        portal: BlockingPortal = self._stack.enter_context(start_blocking_portal())
        self._future = portal.start_task_soon(partial(self.engine.run, until_idle=False))
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()
        self._stack.close()

    def drain(self, grace: float | None = None) -> bool:
        """Finish what is in flight and stop; False when that takes longer than `grace` seconds.

        Raises what ended the engine, if something did.
        """
        self.engine.submit(Drain())
        assert self._future is not None
        try:
            self._future.result(grace)
        except TimeoutError:
            return False
        except CancelledError:
            return True
        return True

    def leave(self) -> None:
        """Stop without finishing what is in flight: the next run continues from the ledger."""
        if self._future is not None:
            self._future.cancel()
