"""A store that retries requests that may succeed later."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from functools import partial
from typing import Generic, TypeVar

from usenetsync_tui.errors import UsenetSyncError
from usenetsync_tui.model.backoff import growing, pauses
from usenetsync_tui.model.ports.stores import (
    FetchingSource,
    Opener,
    PostingSource,
    Presence,
    Store,
    WantedArticle,
)
from usenetsync_tui.model.segments import Article, Receipt, SharedMemory
from usenetsync_tui.model.waiting import Waits
from usenetsync_tui.store.pause import pause

_T = TypeVar("_T")
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class RetryingStore:
    """Wraps a store: `tries` attempts, waiting `backoff`, twice that, … seconds in between.

    Only errors marked `retryable` are retried; all others fail at once.
    """

    def __init__(
        self, store: Store, *, tries: int = 3, backoff: float = 0.5, waits: Waits | None = None
    ) -> None:
        """`waits` announces the pauses between attempts."""
        self._store = store
        self._waits = waits or Waits()
        self._tries = tries
        self._backoff = growing(backoff)

    @property
    def lanes(self) -> int | None:
        """The lanes of the wrapped store."""
        return self._store.lanes

    @property
    def fetching_lanes(self) -> int | None:
        """Those of the wrapped store."""
        return self._store.fetching_lanes

    @property
    def inquiries(self) -> int:
        """The inquiries of the wrapped store."""
        return self._store.inquiries

    async def expect(self, memory: SharedMemory) -> None:
        """Get the wrapped store ready."""
        await self._store.expect(memory)

    async def post(self, article: Article) -> Receipt:
        """Post, under the same Message-ID every time."""
        return await self._attempt(lambda: self._store.post(article))

    async def post_from(self, source: PostingSource) -> None:
        """Post a source's articles; one whose error may pass is tried again."""
        again = _PostingAgain(source, self._tries)
        await self._through(again, lambda: self._store.post_from(again))

    async def present(self, message_ids: Collection[bytes]) -> Presence:
        """Ask; retry when the store does not answer, and for the ids it reports as unknown."""
        found = await self._attempt(lambda: self._store.present(message_ids))
        for seconds in pauses(self._tries, self._backoff):
            if not found.unknown or seconds is None:
                break
            await self._pause(seconds, next(iter(found.unknown.values())))
            second = await self._attempt(partial(self._store.present, list(found.unknown)))
            found = Presence(found.there | second.there, second.unknown)
        return found

    async def fetch(self, message_id: bytes, *, wait: bool = True, opened: Opener = bytes) -> bytes:
        """Fetch; retry when the store does not answer, unless the caller does not `wait`."""
        if not wait:
            return await self._store.fetch(message_id, wait=False, opened=opened)
        return await self._attempt(lambda: self._store.fetch(message_id, opened=opened))

    async def fetch_from(self, source: FetchingSource) -> None:
        """Fetch a source's articles; an article without an answer is tried again."""
        again = _FetchingAgain(source, self._tries)
        await self._through(again, lambda: self._store.fetch_from(again))

    async def _through(
        self, again: _Again[_Item, _Result], lane: Callable[[], Awaitable[None]]
    ) -> None:
        """Run a lane of the store until its source has nothing more, with pauses."""
        while True:
            try:
                await lane()
            except UsenetSyncError as error:
                if not error.retryable or not again.failed(error):
                    raise
            if again.failure is None:
                return
            await self._pause(self._backoff(again.failures), str(again.failure))
            again.failure = None

    async def _pause(self, seconds: float, words: str) -> None:
        await pause(self._waits, f"waiting to try again: {words}", seconds)

    async def _attempt(self, call: Callable[[], Awaitable[_T]]) -> _T:
        for seconds in pauses(self._tries, self._backoff):
            try:
                return await call()
            except UsenetSyncError as error:
                if not error.retryable or seconds is None:
                    raise
                words = str(error)
            await self._pause(seconds, words)
        raise AssertionError("tries is at least 1")


class _Again(Generic[_Item, _Result]):
    """What a lane's source has, and the item that is tried again after a pause."""

    def __init__(self, done: Callable[[_Result | Exception], None], tries: int) -> None:
        """`done`: of the source."""
        self._done = done
        self._tries = tries
        self._item: _Item | None = None
        """The item that the lane holds."""
        self.failures = 0
        """How often it failed."""
        self.failure: Exception | None = None
        """Why it must be tried again, after a pause."""

    def held_or(self, another: Callable[[], _Item | None]) -> _Item | None:
        """The item to try again, or another one; None while a pause is due."""
        if self.failure is not None:
            return None
        if self._item is None:
            self._item = another()
        return self._item

    def done(self, result: _Result | Exception) -> None:
        """Pass the result on, unless the item is tried again."""
        is_temporary = isinstance(result, UsenetSyncError) and result.retryable
        if isinstance(result, Exception) and is_temporary and self.failed(result):
            return
        self._item, self.failures = None, 0
        self._done(result)

    def failed(self, error: Exception) -> bool:
        """Note a failure that may pass; whether the item that the lane holds is tried again."""
        if self._item is None or not self.may_wait(self._item) or self.failures + 1 >= self._tries:
            return False
        self.failures, self.failure = self.failures + 1, error
        return True

    def may_wait(self, item: _Item) -> bool:
        """Whether there is time for another try."""
        return True


class _PostingAgain(_Again[Article, Receipt]):
    """Implements `PostingSource`."""

    def __init__(self, source: PostingSource, tries: int) -> None:
        super().__init__(source.done, tries)
        self._source = source

    def next(
        self, wanted: Callable[[Article], bool] | None = None, patience: float = 0.0
    ) -> Article | None:
        """The next article to try."""
        return self.held_or(lambda: self._source.next(wanted, patience))


class _FetchingAgain(_Again[WantedArticle, bytes]):
    """Implements `FetchingSource`."""

    def __init__(self, source: FetchingSource, tries: int) -> None:
        super().__init__(source.done, tries)
        self._source = source

    def next(self, patience: float = 0.0) -> WantedArticle | None:
        """The next article to try."""
        return self.held_or(lambda: self._source.next(patience))

    def may_wait(self, item: WantedArticle) -> bool:
        """As the article says."""
        return item.wait
