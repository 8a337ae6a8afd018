"""Pages of a long file list: which are here, which are asked for next.

Knows the `Browser` port; refuses to know widgets. Rows are numbered from 0 over the whole
list. A few pages are kept; the fetcher reads one thing at a time, the page being looked at
first, and forgets what the viewport has left. The page directory makes row number ↔ key
exact; until it is here the list is as long as its first page.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import anyio

from usenetsync_tui.errors import UsenetSyncError
from usenetsync_tui.model.ports import Browser, FileRow, PageDirectory

PAGE_SIZE = 1000
PAGES_KEPT = 16
DEBOUNCE = 0.02
"""Seconds between a move and the first read: holding a key reads where it stops."""
_RETRY = 1.0
_RECOUNT = 5.0
"""Seconds between two counts of a growing list; more where counting takes long."""

_DIRECTORY = -1
Page = tuple[FileRow, ...]


class FilePages:
    """The pages of one version of one folder at a time."""

    def __init__(self, changed: Callable[[], None]) -> None:
        """`changed` is called when rows, the count or the problem are other ones."""
        self._changed = changed
        self._browser: Browser | None = None
        self._folder_id = self._version = 0
        self._generation = 0
        self._pages: OrderedDict[int, Page] = OrderedDict()
        self._directory: PageDirectory | None = None
        self._stale: set[int] = set()
        self._viewport = (0, 0)
        self._wake = anyio.Event()
        self._directory_due = 0.0
        self.problem = ""
        """Why the list cannot be read at the moment."""

    @property
    def loaded(self) -> bool:
        """Whether the first answer has come."""
        return self._directory is not None or 0 in self._pages

    @property
    def exact(self) -> bool:
        """Whether `count` is the whole list."""
        if self._directory is not None:
            return True
        return 0 in self._pages and len(self._pages[0]) < PAGE_SIZE

    @property
    def count(self) -> int:
        """Rows known to be there."""
        if self._directory is not None:
            return self._directory.count
        return len(self._pages.get(0, ()))

    def open(self, browser: Browser, folder_id: int, version: int) -> None:
        """Turn to another list."""
        self.close()
        self._browser, self._folder_id, self._version = browser, folder_id, version
        self._wake.set()

    def close(self) -> None:
        """Turn to no list."""
        self._generation += 1
        self._browser = None
        self._pages.clear()
        self._stale.clear()
        self._directory = None
        self._viewport = (0, 0)
        self.problem = ""

    def row(self, number: int) -> FileRow | None:
        """A row, if it is here. Never waits."""
        at, offset = divmod(number, PAGE_SIZE)
        page = self._pages.get(at)
        if page is None or offset >= len(page):
            return None
        self._pages.move_to_end(at)
        return page[offset]

    def look(self, first: int, last: int) -> None:
        """These rows are on the screen."""
        if (first, last) != self._viewport:
            self._viewport = (first, last)
            self._wake.set()

    def refresh(self) -> None:
        """The rows on the screen may have changed: read them again."""
        self._stale.update(self._visible())
        self._wake.set()

    def refresh_all(self, *, at_once: bool) -> None:
        """Rows may have come or gone: count again, `at_once` or when that is not a burden."""
        self._stale.update(self._pages)
        if at_once or anyio.current_time() >= self._directory_due:
            self._stale.add(_DIRECTORY)
        self._wake.set()

    async def run(self) -> None:
        """Fetch what is looked at, for ever."""
        while True:
            await self._wake.wait()
            self._wake = anyio.Event()
            await anyio.sleep(DEBOUNCE)
            while (wanted := self._next()) is not None:
                await self._fetch(wanted)

    def _visible(self) -> range:
        first, last = self._viewport
        return range(max(0, first) // PAGE_SIZE, max(0, last) // PAGE_SIZE + 1)

    def _reachable(self, at: int) -> bool:
        if at == 0:
            return True
        return self._directory is not None and 0 < at < len(self._directory.keys)

    def _next(self) -> int | None:
        """What to read now, asked again after each read: the viewport may have moved."""
        if self._browser is None:
            return None
        if self._directory is None and 0 not in self._pages:
            return 0
        visible = self._visible()
        missing = [at for at in visible if at not in self._pages and self._reachable(at)]
        if missing:
            return missing[0]
        first_page_is_full = len(self._pages.get(0, ())) >= PAGE_SIZE
        if self._directory is None and first_page_is_full:
            return _DIRECTORY
        if self._directory is not None and _DIRECTORY in self._stale:
            return _DIRECTORY
        stale = [at for at in visible if at in self._stale and self._reachable(at)]
        if stale:
            return stale[0]
        beside = (visible.stop, visible.start - 1)
        return next((at for at in beside if at not in self._pages and self._reachable(at)), None)

    async def _fetch(self, wanted: int) -> None:
        generation = self._generation
        try:
            if wanted == _DIRECTORY:
                await self._fetch_directory(generation)
            else:
                await self._fetch_page(wanted, generation)
        except UsenetSyncError as error:
            if generation == self._generation:
                self.problem = str(error)
                self._changed()
            await anyio.sleep(_RETRY)

    async def _fetch_directory(self, generation: int) -> None:
        assert self._browser is not None
        began = anyio.current_time()
        directory = await self._browser.page_directory(self._folder_id, self._version, PAGE_SIZE)
        ended = anyio.current_time()
        self._directory_due = ended + max(_RECOUNT, 10 * (ended - began))
        if generation != self._generation:
            return
        self._stale.discard(_DIRECTORY)
        if directory != self._directory:
            self._directory = directory
            self._stale.update(self._pages)
        self.problem = ""
        self._changed()

    async def _fetch_page(self, at: int, generation: int) -> None:
        assert self._browser is not None
        keys = self._directory.keys if self._directory is not None else (b"",)
        start = keys[at] if at < len(keys) else b""
        page = await self._browser.page(self._folder_id, self._version, start, PAGE_SIZE)
        if generation != self._generation:
            return
        if at + 1 < len(keys):
            # Where rows have gone since the directory was read, pages would overlap.
            page = tuple(row for row in page if row.path < keys[at + 1])
        same = self._pages.get(at) == page
        self._pages[at] = page
        self._pages.move_to_end(at)
        while len(self._pages) > PAGES_KEPT:
            self._stale.discard(self._pages.popitem(last=False)[0])
        self._stale.discard(at)
        if self.problem or not same:
            self.problem = ""
            self._changed()
