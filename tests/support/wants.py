"""A source of listed articles for a lane that fetches."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from usenetsync_tui.model.ports.stores import WantedArticle


class ListedWants:
    """Implements `FetchingSource`; several sources may share one list."""

    def __init__(self, articles: deque[WantedArticle]) -> None:
        self._articles = articles
        self._held: WantedArticle | None = None
        self.results: list[tuple[bytes, bytes | Exception]] = []
        """In the order in which they came."""
        self.threads: set[int] = set()
        """The threads that brought bytes."""
        self.before: Callable[[WantedArticle], None] | None = None
        """Called with each article that a lane takes."""

    def next(self, patience: float = 0.0) -> WantedArticle | None:
        assert self._held is None, "an article without a result"
        try:
            self._held = self._articles.popleft()
        except IndexError:
            return None
        if self.before is not None:
            self.before(self._held)
        return self._held

    def done(self, result: bytes | Exception) -> None:
        assert self._held is not None
        if isinstance(result, bytes):
            self.threads.add(threading.get_ident())
        self.results.append((self._held.message_id, result))
        self._held = None
