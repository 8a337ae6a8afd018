"""SIGINT, SIGTERM and SIGHUP, for every verb: the first one stops it, a second SIGINT ends it now.

A signal cancels the verb's task, unless the verb registered its own way to stop (`stopped_by`): a
job finishes the articles that it has sent, and is given up when it makes no progress
(`engine/stopping.py`).

A signal that is ignored at our start stays ignored: `nohup` does that to SIGHUP, a shell without
job control to SIGINT of its background commands.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

import anyio

from usenetsync_tui.cli.exit_codes import Exit
from usenetsync_tui.cli.options import Voice
from usenetsync_tui.cli.output import voices

STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_T = TypeVar("_T")
_LAST_RESORT = 1.8
"""Seconds without progress after which a program that is stopping is ended."""
_POLL_SECONDS = 0.1
_FINISHING = "Stopping: finishing articles in flight. Press Ctrl+C again to stop now."
_STOPPING = "Stopping."
GOES_ON = "Interrupted. Posted articles are kept; run the same command again to continue."


class _Stop:
    """The way to stop the running verb."""

    def __init__(self, scope: anyio.CancelScope) -> None:
        self.scope = scope
        self.voice = Voice()
        self.ways: list[Callable[[], None]] = []
        self.standing: Callable[[], object] = bool
        self.asked = False

    def ask(self) -> None:
        """Stop the verb."""
        self.asked = True
        if sys.stderr is not None and sys.stderr.isatty():
            voices.complain(f"\nusenetsync: {_FINISHING if self.ways else _STOPPING}")
        if not self.ways:
            self.scope.cancel()
        for way in self.ways:
            way()
        threading.Thread(target=self._watch, name="last resort", daemon=True).start()

    def _watch(self) -> None:
        """End the program when nothing changes any more: a name lookup, or a database that does not
        answer, may block the closing. The ledger makes that safe."""
        seen, since = None, time.monotonic()
        while time.monotonic() - since < _LAST_RESORT:
            time.sleep(_POLL_SECONDS)
            if (now := self.standing()) != seen:
                seen, since = now, time.monotonic()
        if self.ways:
            tell_interrupted(self.voice)
        os._exit(Exit.INTERRUPTED)


def tell_interrupted(voice: Voice) -> None:
    """Tell people that stopped work can continue; with ``--quiet`` as a problem."""
    if not voice.as_json:
        voices.complain(GOES_ON) if voice.quiet else voices.say(GOES_ON)


_current: ContextVar[_Stop] = ContextVar("stop")


def listened_to() -> list[signal.Signals]:
    """The signals that stop us: all that were not ignored at our start."""
    return [number for number in STOPS if signal.getsignal(number) is not signal.SIG_IGN]


async def until_stopped(work: Callable[[], Awaitable[_T]], interrupted: _T) -> _T:
    """The result of `work`; `interrupted` when a signal ended it. Errors come in a group."""
    outcome = interrupted
    async with anyio.create_task_group() as group:
        stop = _Stop(group.cancel_scope)
        _current.set(stop)
        await group.start(_listen, stop)
        outcome = await work()
        group.cancel_scope.cancel()
    return outcome


@contextmanager
def stopped_by(
    way: Callable[[], None], standing: Callable[[], object], voice: Voice
) -> Iterator[None]:
    """Inside the block a signal calls `way`, which makes the block end soon, instead of cancelling.

    `standing`, called from a thread, returns the progress: the block may run while that changes.
    """
    stop = _current.get()
    stop.ways.append(way)
    stop.standing = standing
    stop.voice = voice
    if stop.asked:
        way()
    try:
        yield
    finally:
        stop.ways.remove(way)
        stop.standing = bool


async def _listen(
    stop: _Stop, *, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED
) -> None:
    with anyio.open_signal_receiver(*listened_to()) as signals:
        task_status.started()
        async for number in signals:
            if stop.asked and number == signal.SIGINT:
                os._exit(Exit.INTERRUPTED)
            if not stop.asked:
                stop.ask()
