"""The ports between the pipeline and a store."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Set
from dataclasses import field
from typing import Protocol

from usenetsync_tui.model.folders import Realm
from usenetsync_tui.model.segments import Article, Receipt, SharedMemory
from usenetsync_tui.model.servers.servers import ServerStatus
from usenetsync_tui.model.value_object import value_object

Opener = Callable[[bytes], bytes]
"""Turns the payload of an article into a segment's bytes."""


@value_object
class Presence:
    """What a store says about the articles asked for; those in neither field are missing."""

    there: Set[bytes] = frozenset()
    unknown: Mapping[bytes, str] = field(default_factory=dict)
    """Articles without a clear answer, with the reason."""


class PostingSource(Protocol):
    """The articles that one lane of a store posts; both methods from any thread."""

    def next(
        self, wanted: Callable[[Article], bool] | None = None, patience: float = 0.0
    ) -> Article | None:
        """The next article, of those that are `wanted`; None when the lane must stop for now.

        Blocks for at most `patience` seconds while there is none. A lane may take some before it
        answers the first.
        """

    def done(self, answer: Receipt | Exception) -> None:
        """The receipt for the article that `next` returned, or the `StoreError` that it got; they
        are answered in the order in which they were taken."""


@value_object
class WantedArticle:
    """An article that a lane is to fetch."""

    message_id: bytes
    opened: Opener = bytes
    """Makes the result of the payload. `ArticleCorruptError`: the next server is asked."""
    wait: bool = True
    """Whether to wait for a server that does not answer now."""


class FetchingSource(Protocol):
    """The articles that one lane of a store fetches; both methods from any thread."""

    def next(self, patience: float = 0.0) -> WantedArticle | None:
        """The next article; None when the lane must stop for now.

        Blocks for at most `patience` seconds while there is none. Call `done` before the next
        call.
        """

    def done(self, result: bytes | Exception) -> None:
        """What `opened` returned for the article of `next`, or the `StoreError` that it got.

        Never called on the event loop's thread with bytes, so it may write them to a disk.
        """


class Store(Protocol):
    """Where articles live. One contract test runs over every implementation.

    Errors: `StoreUnavailableError` (retry may help), `StoreError` (it will not),
    `ArticleMissingError` from `fetch`, `ArticleCollisionError` from `post` of an article that
    was never sent before, `StoreUnusableError` when no article at all can be posted or fetched.
    """

    @property
    def lanes(self) -> int | None:
        """How many articles it takes at once; None: one for each worker."""

    @property
    def fetching_lanes(self) -> int | None:
        """How many articles it gives at once; None: one for each worker."""

    @property
    def inquiries(self) -> int:
        """How many calls of `present` it answers at once."""

    async def expect(self, memory: SharedMemory) -> None:
        """Get ready for many articles whose bodies are in this memory.

        Returns when that is done, which may take long; what prevents it `post` will say.
        """

    async def post(self, article: Article) -> Receipt:
        """Return when the store holds the article.

        A known Message-ID counts as posted if the article is sent `again`, and in any store
        where no other poster can have used it.
        """

    async def post_from(self, source: PostingSource) -> None:
        """Post articles one after another, as one lane, until the source has none for it.

        Several calls may run at once. Errors of `post` that concern the article go to the source.
        """

    async def present(self, message_ids: Collection[bytes]) -> Presence:
        """Say which of the articles the store has, which it lacks and which are uncertain.

        Each answer concerns one article: doubt about one says nothing about the others.
        """

    async def fetch(self, message_id: bytes, *, wait: bool = True, opened: Opener = bytes) -> bytes:
        """What `opened` returns for the payload posted under this Message-ID.

        `opened` raises `ArticleCorruptError` for a payload that differs from what was posted: the
        store then asks the next server that may have the article. The store calls it in a thread.
        Without `wait`, raises `StoreUnavailableError` at once instead of waiting for a server.
        """

    async def fetch_from(self, source: FetchingSource) -> None:
        """Fetch articles one after another, as one lane, until the source has none for it.

        Several calls may run at once. Errors of `fetch` that concern the article go to the source;
        others, such as `StoreUnusableError`, are raised, and the article then has no result.
        """


@value_object
class OpenRealm:
    """A realm with all that a job needs to reach its articles."""

    realm: Realm
    store: Store
    key: bytes | None = field(default=None, repr=False)
    """The key that seals and opens them; None: they are not sealed."""
    checks: tuple[float, ...] = ()
    """Seconds after a post until a job checks that the store has the article, and until it
    checks again if not. Empty: no check, the store's acknowledgement is enough."""
    wire_id: Callable[[bytes], str] = bytes.hex
    """Gives a Message-ID as it is on the wire, without ``<>``."""
    padded_to: int = 0
    """Bytes of the longest segment: payloads are padded to a few sizes up to that before they
    are sealed. 0: no padding."""
    reposts: int = 2
    """How often a run posts a missing article again before it gives up."""
    secret: bytes | None = field(default=None, repr=False)
    """The secret of a folder; only in the realm of its index."""


class OpenRealms(Protocol):
    """Opens realms."""

    @property
    def statuses(self) -> tuple[ServerStatus, ...]:
        """How the servers behind them are doing."""

    async def of(self, realm: Realm) -> OpenRealm:
        """Open a realm; if its store cannot be used, each of its calls fails with the reason."""
