"""A store that retries requests that may succeed later."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from functools import partial
from typing import TypeVar

from usenetsync_tui.errors import StoreError, UsenetSyncError
from usenetsync_tui.model.backoff import growing, pauses
from usenetsync_tui.model.ports import Opener, PostingSource, Presence, Store
from usenetsync_tui.model.segments import Article, Receipt
from usenetsync_tui.model.waiting import Waits
from usenetsync_tui.store.pause import pause

_T = TypeVar("_T")


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

    async def post(self, article: Article) -> Receipt:
        """Post, under the same Message-ID every time."""
        return await self._attempt(lambda: self._store.post(article))

    async def post_from(self, source: PostingSource) -> None:
        """Post a source's articles; one whose error may pass is tried again by itself."""
        while True:
            kept = _Kept(source)
            try:
                await self._store.post_from(kept)
            except UsenetSyncError as error:
                if kept.article is None or not error.retryable:
                    raise
                kept.failure = error
            if kept.article is None:
                return
            call = partial(self._store.post, kept.article)
            try:
                source.done(await self._attempt(call, kept.failure))
            except StoreError as error:
                source.done(error)

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

    async def _pause(self, seconds: float, words: str) -> None:
        await pause(self._waits, f"waiting to try again: {words}", seconds)

    async def _attempt(
        self, call: Callable[[], Awaitable[_T]], failed: UsenetSyncError | None = None
    ) -> _T:
        """`failed`: the error of the first attempt, if that was made already."""
        for seconds in pauses(self._tries, self._backoff):
            try:
                if failed is None:
                    return await call()
                error, failed = failed, None
            except UsenetSyncError as failure:
                error = failure
            if not error.retryable or seconds is None:
                raise error
            await self._pause(seconds, str(error))
        raise AssertionError("tries is at least 1")


class _Kept:
    """A source of articles that keeps the one whose error may pass: `model.ports.PostingSource`."""

    def __init__(self, source: PostingSource) -> None:
        self._source = source
        self.article: Article | None = None
        """The article without an answer."""
        self.failure: UsenetSyncError | None = None
        """Its error, which may pass."""

    def next(
        self, wanted: Callable[[Article], bool] | None = None, patience: float = 0.0
    ) -> Article | None:
        """The next article of the source; none after an error that may pass."""
        if self.failure is None:
            self.article = self._source.next(wanted, patience)
            return self.article
        return None

    def done(self, answer: Receipt | Exception) -> None:
        """Pass on the answer, unless it is an error that may pass."""
        if isinstance(answer, UsenetSyncError) and answer.retryable:
            self.failure = answer
            return
        self.article = None
        self._source.done(answer)
