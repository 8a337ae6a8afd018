"""Statements that wait for their answers in a worker thread.

A wait costs the event loop one of its rounds, and several callbacks; a batch of ten statements has
ten of them. In a thread a wait is one call of ``poll``. The statements are written as coroutines,
like all others; one that awaits nothing but statements never suspends, so a thread can run it.

Each ``poll`` gives the GIL away, and while many threads work it takes milliseconds to get it back.
So a statement that wants to write does so at once: the socket nearly always has room.
"""

from __future__ import annotations

import select
from collections.abc import Coroutine
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.waiting import Ready, Wait

T = TypeVar("T")

_STEP_MS = 50
"""Milliseconds of silence after which a wait looks whether it must stop."""
_WRITES = 8
"""How often a statement may write before it waits for room: a pipelined one sends two messages."""
_EVENTS = {
    Wait.R: select.POLLIN,
    Wait.W: select.POLLOUT,
    Wait.RW: select.POLLIN | select.POLLOUT,
}


class StoppedError(Exception):
    """The wait for an answer was stopped: the task that needs it was cancelled."""


class BlockingWaits:
    """The waits of one connection, while a thread uses it."""

    def __init__(self) -> None:
        self.stopped = False

    def stop(self) -> None:
        """End a wait whose answer does not come. From any thread."""
        self.stopped = True

    def wait(self, statement: PQGen[T], fileno: int) -> T:
        """The result of a statement. Blocking; `StoppedError` after `stop`."""
        poll = select.poll()
        try:
            wanted = next(statement)
            for _ in range(_WRITES):
                if wanted != Wait.RW:
                    break
                wanted = statement.send(Ready.W)
            poll.register(fileno, _EVENTS[wanted])
            while True:
                events = poll.poll(_STEP_MS)
                if events:
                    wanted = statement.send(_ready(events[0][1]))
                    poll.modify(fileno, _EVENTS[wanted])
                elif self.stopped:
                    raise StoppedError
        except StopIteration as end:
            result: T = end.value
            return result


def _ready(events: int) -> Ready:
    readable, writable = events & select.POLLIN, events & select.POLLOUT
    if readable:
        return Ready.RW if writable else Ready.R
    if writable:
        return Ready.W
    raise psycopg.OperationalError("connection socket closed")


def completed(statements: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that never suspends. Raises what it raises."""
    try:
        statements.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    statements.close()
    raise RuntimeError("a coroutine of statements waited for something else")
