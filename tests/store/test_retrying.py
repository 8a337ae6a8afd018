"""Retry: errors that may pass are tried again, others fail at once."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Collection

import anyio
import pytest
from wants import ListedWants

from usenetsync_tui.errors import (
    ArticleMissingError,
    DatabaseUnavailableError,
    StoreError,
    StoreUnavailableError,
    UsenetSyncError,
)
from usenetsync_tui.model.ports.stores import (
    FetchingSource,
    Opener,
    PostingSource,
    Presence,
    WantedArticle,
)
from usenetsync_tui.model.segments import Article, Receipt
from usenetsync_tui.store.one_by_one import fetch_one_by_one, post_one_by_one
from usenetsync_tui.store.retrying import RetryingStore

ARTICLE = Article(bytes(16), b"payload")


class Failing:
    """Raises its errors, one per call, and then succeeds."""

    def __init__(self, *errors: Exception | None) -> None:
        self.errors = list(errors)
        self.calls: list[float] = []
        self.waits: list[bool] = []
        self.busy: Counter[bytes] = Counter()
        """How often it gives no answer about an article."""
        self.asked: list[set[bytes]] = []

    def _call(self) -> None:
        self.calls.append(anyio.current_time())
        error = self.errors.pop(0) if self.errors else None
        if error is not None:
            raise error

    async def post(self, article: Article) -> Receipt:
        assert article is ARTICLE
        self._call()
        return Receipt()

    async def post_from(self, source: PostingSource) -> None:
        await post_one_by_one(self.post, source)

    async def present(self, message_ids: Collection[bytes]) -> Presence:
        self._call()
        self.asked.append(set(message_ids))
        unknown = {m: "busy" for m in message_ids if self.busy[m] > 0}
        self.busy.subtract(list(unknown))
        return Presence(set(message_ids) - unknown.keys(), unknown)

    async def fetch(self, message_id: bytes, *, wait: bool = True, opened: Opener = bytes) -> bytes:
        self.waits.append(wait)
        self._call()
        return b"payload"


@pytest.mark.anyio
@pytest.mark.parametrize("error", [StoreUnavailableError("1"), DatabaseUnavailableError("1")])
async def test_temporary_errors_are_tried_again(error: UsenetSyncError) -> None:
    inner = Failing(error, error)
    store = RetryingStore(inner, tries=3, backoff=0)
    await store.post(ARTICLE)
    assert len(inner.calls) == 3
    for call in (lambda: store.present([b"m"]), lambda: store.fetch(b"m")):
        inner.errors, inner.calls = [error, error], []
        assert await call() in (Presence({b"m"}), b"payload")
        assert len(inner.calls) == 3


@pytest.mark.anyio
async def test_only_unknown_articles_are_asked_again() -> None:
    inner = Failing()
    inner.busy.update({b"once": 1, b"always": 9})
    found = await RetryingStore(inner, tries=3, backoff=0).present([b"m", b"once", b"always"])
    assert found == Presence({b"m", b"once"}, {b"always": "busy"})
    assert inner.asked == [{b"m", b"once", b"always"}, {b"once", b"always"}, {b"always"}]


@pytest.mark.anyio
async def test_the_last_error_is_raised() -> None:
    errors = [StoreUnavailableError(str(n)) for n in range(5)]
    inner = Failing(*errors)
    with pytest.raises(StoreUnavailableError) as caught:
        await RetryingStore(inner, tries=4, backoff=0).post(ARTICLE)
    assert caught.value is errors[3]
    assert len(inner.calls) == 4


@pytest.mark.anyio
@pytest.mark.parametrize("error", [StoreError("441"), ArticleMissingError("x"), ValueError("bug")])
async def test_permanent_errors_fail_at_once(error: Exception) -> None:
    inner = Failing(error)
    with pytest.raises(type(error)) as caught:
        await RetryingStore(inner, tries=3, backoff=0).fetch(b"m")
    assert caught.value is error
    assert len(inner.calls) == 1


@pytest.mark.anyio
async def test_one_try_is_one_try() -> None:
    inner = Failing(StoreUnavailableError())
    with pytest.raises(StoreUnavailableError):
        await RetryingStore(inner, tries=1, backoff=0).post(ARTICLE)
    assert len(inner.calls) == 1


@pytest.mark.anyio
async def test_without_waiting_there_is_one_try() -> None:
    inner = Failing(StoreUnavailableError())
    store = RetryingStore(inner, tries=3, backoff=0)
    with pytest.raises(StoreUnavailableError):
        await store.fetch(b"m", wait=False)
    assert await store.fetch(b"m", wait=False) == b"payload"
    assert await store.fetch(b"m") == b"payload"
    assert inner.waits == [False, False, True]


@pytest.mark.anyio
async def test_the_wait_doubles() -> None:
    inner = Failing(*[StoreUnavailableError()] * 2)
    await RetryingStore(inner, tries=3, backoff=0.05).post(ARTICLE)
    first, second, third = inner.calls
    assert second - first >= 0.05
    assert third - second >= 0.1


class Source:
    """Some times the same article, and what became of it."""

    def __init__(self, articles: int) -> None:
        self.left = articles
        self.answers: list[Receipt | Exception] = []

    def next(
        self, wanted: Callable[[Article], bool] | None = None, patience: float = 0.0
    ) -> Article | None:
        self.left -= 1
        return ARTICLE if self.left >= 0 else None

    def done(self, answer: Receipt | Exception) -> None:
        self.answers.append(answer)


@pytest.mark.anyio
async def test_of_a_lane_only_the_article_that_failed_is_tried_again() -> None:
    passing, lasting = DatabaseUnavailableError("passes"), StoreError("lasts")
    # The calls for five articles: A fails and passes; B is fine; C lasts; D fails twice; E is fine.
    errors: list[Exception | None] = [passing, None, None, lasting, passing, passing, None, None]
    inner, source = Failing(*errors), Source(5)
    await RetryingStore(inner, tries=3, backoff=0).post_from(source)
    assert [type(answer) for answer in source.answers] == [
        *(Receipt, Receipt, StoreError, Receipt, Receipt)
    ]
    assert len(inner.calls) == len(errors)


@pytest.mark.anyio
async def test_a_lane_ends_with_an_error_that_stays() -> None:
    gone = [DatabaseUnavailableError("gone")] * 3
    inner, source = Failing(None, *gone), Source(5)
    with pytest.raises(DatabaseUnavailableError):
        await RetryingStore(inner, tries=3, backoff=0).post_from(source)
    assert [type(answer) for answer in source.answers] == [Receipt]
    inner, source = Failing(*[StoreUnavailableError("away")] * 3), Source(2)
    await RetryingStore(inner, tries=3, backoff=0).post_from(source)
    assert [type(answer) for answer in source.answers] == [StoreUnavailableError, Receipt]


@pytest.mark.anyio
@pytest.mark.parametrize("error", [StoreUnavailableError("1"), DatabaseUnavailableError("1")])
async def test_a_lane_tries_an_article_again_and_goes_on(error: UsenetSyncError) -> None:
    """Also when the error concerns every article, as that of a database does."""

    class LaneStore(Failing):
        async def fetch_from(self, source: FetchingSource) -> None:
            await fetch_one_by_one(self.fetch, source)

    wants = deque(WantedArticle(m) for m in (b"1", b"2", b"3"))
    wants.insert(1, WantedArticle(b"now", wait=False))
    source = ListedWants(wants)
    inner = LaneStore(error, error)
    await RetryingStore(inner, tries=3, backoff=0).fetch_from(source)
    assert [(m, r) for m, r in source.results] == [
        (m, b"payload") for m in (b"1", b"now", b"2", b"3")
    ]
    assert len(inner.calls) == 6
    # The last failure stays, and concerns only its article if it is the store's.
    source = ListedWants(deque([WantedArticle(b"1"), WantedArticle(b"2")]))
    again = RetryingStore(LaneStore(*[error] * 3), tries=3, backoff=0)
    if isinstance(error, DatabaseUnavailableError):
        with pytest.raises(DatabaseUnavailableError):
            await again.fetch_from(source)
        return
    await again.fetch_from(source)
    assert source.results == [(b"1", error), (b"2", b"payload")]
