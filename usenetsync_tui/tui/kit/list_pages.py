"""Pages of a long list: which are loaded, and which to read next.

Knows a list by its source: pages by key, and the directory of the keys at which pages begin.
Refuses to know what the rows are, and widgets. Rows are numbered from 0 over the whole list.
The fetcher keeps a few pages and drops those least recently used; it reads one page or the
directory at a time, the page on the screen first. The directory makes row number ↔ key exact; until
it is loaded, the list is as long as its first page. A source may count only up to a limit: such a
list grows when the user looks at its end.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Generic

from usenetsync_tui.errors import UsenetSyncError
from usenetsync_tui.tui.kit.list_source import (
    PAGE_SIZE,
    Directory,
    Key,
    ListSource,
    Row,
    counted_on,
)

PAGES_KEPT = 16
DEBOUNCE = 0.02
"""Seconds between a move and the first read: while a key is held, nothing is read on the way."""
_RETRY = 1.0
"""Seconds until a failed read is tried again; longer if the failure took long."""
_RECOUNT = 5.0
"""Seconds between two counts of a growing list; longer if counting takes long."""
_DIRECTORY = -1


def _now() -> float:
    """Seconds of the clock that timers of the event loop use."""
    return asyncio.get_running_loop().time()


class ListPages(Generic[Row, Key]):
    """The pages of one list; `open` switches to another list."""

    def __init__(self, changed: Callable[[], None]) -> None:
        """Calls `changed` when visible rows, the count or the problem change."""
        self._changed = changed
        self._source: ListSource[Row, Key] | None = None
        self._generation = 0
        self._pages: OrderedDict[int, Sequence[Row]] = OrderedDict()
        self._directory: Directory[Key] | None = None
        self._stale: set[int] = set()
        self._viewport = (0, 0)
        self._wake = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None
        self._recount_due = 0.0
        self._retry_due: float | None = None
        """When to try a failed count again, as the clock of the event loop has it."""
        self.problem = ""
        """Why the list cannot be read now; empty if it can."""

    @property
    def loaded(self) -> bool:
        """Whether the first page or the directory is loaded."""
        return self._directory is not None or 0 in self._pages

    @property
    def counted(self) -> bool:
        """Whether the directory is loaded, so that `count` includes more than the first page."""
        return self._directory is not None

    @property
    def exact(self) -> bool:
        """Whether `count` covers the whole list."""
        if self._directory is not None:
            return self._directory.complete
        return 0 in self._pages and len(self._pages[0]) < PAGE_SIZE

    @property
    def count(self) -> int:
        """Rows counted so far."""
        if self._directory is not None:
            return self._directory.count
        return len(self._pages.get(0, ()))

    def open(self, source: ListSource[Row, Key]) -> None:
        """Switch to another list."""
        self.close()
        self._source = source
        self._wake.set()

    def close(self) -> None:
        """Forget the list."""
        self._generation += 1
        self._source = None
        if self._reading is not None:
            # A slow read for a closed list would delay the next list.
            self._reading.cancel()
        self._pages.clear()
        self._stale.clear()
        self._directory = None
        self._recount_due = 0.0
        self._retry_due = None
        self._viewport = (0, 0)
        self.problem = ""

    def row(self, number: int) -> Row | None:
        """A row, or None if it is not loaded. Never waits."""
        at, offset = divmod(number, PAGE_SIZE)
        page = self._pages.get(at)
        if page is None or offset >= len(page):
            return None
        self._pages.move_to_end(at)
        return page[offset]

    def is_gone(self, number: int) -> bool:
        """Whether its page is loaded without the row: it left the list after the count."""
        at, offset = divmod(number, PAGE_SIZE)
        return at in self._pages and offset >= len(self._pages[at])

    def look(self, first: int, last: int) -> None:
        """Note which rows are on the screen, and read what is missing."""
        if (first, last) != self._viewport:
            self._viewport = (first, last)
            self._wake.set()

    def refresh(self) -> None:
        """Read the rows on the screen again: they may have changed."""
        self._stale.update(self._visible())
        self._wake.set()

    def refresh_all(self, *, at_once: bool) -> None:
        """Read all pages again: rows may have come or gone.

        Counts again too: `at_once`, or if the last count is long enough ago.
        """
        self._stale.update(self._pages)
        if at_once or _now() >= self._recount_due:
            self._stale.add(_DIRECTORY)
        self._wake.set()

    async def run(self) -> None:
        """Read the pages that the screen needs, until cancelled."""
        while True:
            due = self._retry_due
            with suppress(TimeoutError):
                async with asyncio.timeout_at(due):
                    await self._wake.wait()
            if due is not None and _now() >= due:
                self._retry_due = None
            self._wake.clear()
            await asyncio.sleep(DEBOUNCE)
            while (wanted := self._next()) is not None:
                await self._fetch_unless_closed(wanted)

    def _visible(self) -> range:
        first, last = self._viewport
        return range(max(0, first) // PAGE_SIZE, max(0, last) // PAGE_SIZE + 1)

    def _reachable(self, at: int) -> bool:
        if at == 0:
            return True
        return self._directory is not None and 0 < at < len(self._directory.keys)

    def _next(self) -> int | None:
        """The page or directory to read now. Asked after each read: the viewport may have moved."""
        if self._source is None:
            return None
        if self._directory is None and 0 not in self._pages:
            return 0
        visible = self._visible()
        missing = [at for at in visible if at not in self._pages and self._reachable(at)]
        if missing:
            return missing[0]
        if self._directory_is_due(visible):
            return _DIRECTORY
        stale = [at for at in visible if at in self._stale and self._reachable(at)]
        if stale:
            return stale[0]
        beside = (visible.stop, visible.start - 1)
        return next((at for at in beside if at not in self._pages and self._reachable(at)), None)

    def _directory_is_due(self, visible: range) -> bool:
        if self._retry_due is not None and _now() < self._retry_due:
            return False
        if self._directory is None:
            return len(self._pages.get(0, ())) >= PAGE_SIZE
        if _DIRECTORY in self._stale:
            return True
        # No keys: the list has no rows from the last known key on, so counting cannot continue.
        looked_at = visible.stop >= len(self._directory.keys) > 0
        return looked_at and not self._directory.complete

    async def _fetch_unless_closed(self, wanted: int) -> None:
        # A task, not a cancel scope: a scope cancels again while the database driver cancels its
        # query, and leaves the driver with half an answer.
        self._reading = asyncio.create_task(self._fetch(wanted))
        try:
            await self._reading
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if current is None or current.cancelling():
                raise
        finally:
            self._reading = None

    async def _fetch(self, wanted: int) -> None:
        generation, began = self._generation, _now()
        try:
            if wanted == _DIRECTORY:
                await self._fetch_directory(generation)
            else:
                await self._fetch_page(wanted, generation)
        except UsenetSyncError as error:
            if generation == self._generation:
                self.problem = str(error)
                self._changed()
            if wanted == _DIRECTORY and generation == self._generation:
                # Do not sleep: pages can be read meanwhile.
                now = _now()
                self._retry_due = now + max(_RETRY, 10 * (now - began))
            else:
                await asyncio.sleep(_RETRY)

    async def _fetch_directory(self, generation: int) -> None:
        assert self._source is not None
        source, before = self._source, self._directory
        began = _now()
        again = before is None or _DIRECTORY in self._stale
        known: Directory[Key] = Directory(0, ()) if again or before is None else before
        directory = await counted_on(source, known)
        # A new count must not shorten the list to the limit of one call: count as far as before.
        while again and before is not None and directory.count < before.count:
            if directory.complete or generation != self._generation:
                break
            directory = await counted_on(source, directory)
        ended = _now()
        if generation != self._generation:
            return
        self._recount_due = ended + max(_RECOUNT, 10 * (ended - began))
        self._retry_due = None
        self._stale.discard(_DIRECTORY)
        if directory != before:
            self._directory = directory
            if before is not None:
                self._stale.update(self._pages if again else {len(known.keys) - 1})
        self.problem = ""
        self._changed()

    async def _fetch_page(self, at: int, generation: int) -> None:
        assert self._source is not None
        source = self._source
        keys = self._directory.keys if self._directory is not None else ()
        start = keys[at] if at < len(keys) else None
        page = await source.page(start if at else None, PAGE_SIZE)
        if generation != self._generation:
            return
        if at + 1 < len(keys):
            # Pages would overlap if rows left the list after the directory was read.
            page = source.before(page, keys[at + 1])
        same = self._pages.get(at) == page
        self._pages[at] = page
        self._pages.move_to_end(at)
        while len(self._pages) > PAGES_KEPT:
            self._stale.discard(self._pages.popitem(last=False)[0])
        self._stale.discard(at)
        if self.problem and self._retry_due is None:
            self.problem, same = "", False
        if not same and (at in self._visible() or self._directory is None):
            self._changed()
