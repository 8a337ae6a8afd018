"""Delivers typed keys one after another, so that each goes where the keys before it lead.

Textual sends a key to the widget that has the focus when the key arrives. A password manager or a
slow SSH link writes a whole form at once: all of it arrives before the first tab has moved the
focus, and the password ends up, readable, in the first field. Here a key waits until the ones
before it have had their effect. Pasted text goes to a `TakesLines` screen line by line.

Knows when a key has had its effect. Refuses to know what a key does.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Protocol, runtime_checkable

from textual.app import App
from textual.events import Event, Key, Paste
from textual.message_pump import MessagePump
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input

PATIENCE = 3.0
"""Seconds that a key waits for a widget that does not finish with the one before."""
_ROUNDS = 8
"""How often the focus may move on because of one key, from screen to screen for example."""
_LINE_ENDS = re.compile(r"\r\n|[\t\r\n]")


@runtime_checkable
class TakesLines(Protocol):
    """A screen with a field for each line of pasted text."""

    def next_line(self) -> bool:
        """Move to the field for the next line; False: there is none."""


class KeysInTurn:
    """A queue of keys and pasted texts in front of an application."""

    def __init__(self, app: App[Any], deliver: Callable[[Event], Awaitable[None]]) -> None:
        """`deliver` hands an event to the widget that has the focus."""
        self._app = app
        self._deliver = deliver
        self._waiting: deque[Event] = deque()
        self._is_busy = False

    async def add(self, event: Key | Paste) -> None:
        """Deliver an event, at once if nothing is in front of it."""
        if self._is_busy:
            self._waiting.append(event)
        elif isinstance(event, Key) and (self._is_typed(event)):
            await self._deliver(event)
        else:
            self._is_busy = True
            if isinstance(event, Key):
                await self._deliver(event)
            else:
                self._waiting.append(event)
            work: Callable[[], Awaitable[None]] = self._work
            self._app.run_worker(work, group="typed keys")

    def _is_typed(self, event: Key) -> bool:
        """Whether the key only adds a character to the focused line, and so moves no focus."""
        return event.is_printable and isinstance(self._app.focused, Input)

    async def _work(self) -> None:
        """Wait for the effect of the event delivered last, and deliver those behind it."""
        try:
            await self._settled()
            while self._waiting:
                event = self._waiting.popleft()
                if isinstance(event, Paste):
                    await self._paste(event)
                else:
                    await self._deliver(event)
                    if not (isinstance(event, Key) and self._is_typed(event)):
                        await self._settled()
        finally:
            self._is_busy = False

    async def _paste(self, event: Paste) -> None:
        lines = _LINE_ENDS.split(event.text)
        screen = self._app.screen
        if len(lines) == 1 or not isinstance(screen, TakesLines):
            await self._deliver(event)
            await self._settled()
            return
        for number, line in enumerate(lines):
            if number:
                if self._app.screen is not screen or not screen.next_line():
                    return
                await self._settled()
            if line:
                await self._deliver(Paste(line))
                await self._settled()

    async def _settled(self) -> None:
        """Return once every widget on the way of a key is done with it, and the focus rests."""
        try:
            async with asyncio.timeout(PATIENCE):
                before: object = None
                for _ in range(_ROUNDS):
                    for pump in self._way():
                        await _done(pump)
                    # Two rounds at least: what a key calls may post one more message.
                    now = (self._app.screen, self._app.focused)
                    if now == before:
                        return
                    before = now
        except TimeoutError:
            return  # The widget hangs; the user's next key, perhaps escape, must not.

    def _way(self) -> Iterator[MessagePump]:
        """Where a key goes from the focused widget up, and the screen on top."""
        start: Widget | Screen[Any] = self._app.focused or self._app.screen
        yield from (node for node in start.ancestors_with_self if isinstance(node, MessagePump))


async def _done(pump: MessagePump) -> None:
    """Return once a widget has handled the messages that it has now."""
    done = asyncio.Event()
    if pump.is_running and pump.call_later(done.set):
        await done.wait()
