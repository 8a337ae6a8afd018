"""The ports: what the pipeline asks of a store, and what the screen asks of the engine."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence, Set
from dataclasses import field
from datetime import datetime
from typing import Protocol

from usenetsync_tui.model.changes import ChangeRow
from usenetsync_tui.model.commands import Command
from usenetsync_tui.model.digests import DigestAlgorithm, FileDigest
from usenetsync_tui.model.entries import Notice, NoticeKind
from usenetsync_tui.model.files import FileKey, FileQuery, FileView
from usenetsync_tui.model.folders import Folder, Realm, Snapshot
from usenetsync_tui.model.forgetting import ForgetPreview
from usenetsync_tui.model.history import (
    FindKey,
    FindQuery,
    FoundFile,
    PastState,
    StoredBytes,
    VersionCost,
)
from usenetsync_tui.model.jobs import PastJob
from usenetsync_tui.model.segments import Article, Receipt, SegmentStatus
from usenetsync_tui.model.servers import ServerStatus
from usenetsync_tui.model.status import EngineStatus
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

        Blocks for at most `patience` seconds while there is none. Call `done` before the next
        call.
        """

    def done(self, answer: Receipt | Exception) -> None:
        """The receipt for the article that `next` returned, or the `StoreError` that it got."""


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


@value_object
class FileRow:
    """One line of the file list."""

    path: bytes
    kind: int
    size: int
    mtime_ns: int
    state: FileView
    posted: int
    """Articles of its object that the store has."""
    articles: int
    """Articles its object needs; 0 when it needs none."""
    reason: str | None
    object_id: int | None = None
    """The object with its bytes; None when it has none, or none yet."""
    digest: FileDigest | None = None


@value_object
class FileDirectory:
    """Where the pages of a file list begin: exact row number ↔ key, without OFFSET."""

    count: int
    """Rows from the first key on."""
    keys: tuple[FileKey, ...]
    """The key of every `page_size`-th row, the first included."""
    page_size: int
    complete: bool = True
    """False: the count stopped at its limit; there are more."""


@value_object
class ArticleRow:
    """One copy of a segment, as the ledger has it."""

    index: int
    redundancy: int
    size: int
    payload_size: int
    wire_size: int
    """Bytes of the article as it was posted; 0 where there is no wire."""
    status: SegmentStatus
    tries: int
    checks: int
    """How many checks since it was posted did not find it."""
    reposts: int
    error: str | None
    """The server's words."""
    server: str
    message_id: str
    """As on the wire, without ``<>``; if that is not known, our own one in hex."""
    aliases: tuple[str, ...]
    """Other Message-IDs it may have."""
    hash: bytes
    """The digest of its source bytes."""
    algorithm: DigestAlgorithm
    """What made that digest."""
    posted_at: datetime | None
    verified_at: datetime | None


@value_object
class Cause:
    """One reason why files are incomplete, and how many files it affects."""

    kind: NoticeKind
    reason: str
    """The system's or the server's own words."""
    server: str
    count: int


@value_object
class TableSize:
    """A table with its shards: bytes with indexes, and rows as PostgreSQL estimates them."""

    name: str
    bytes: int
    rows: int
    shards: tuple[int, ...] = ()
    """Bytes of each of its shards."""


@value_object
class DatabaseFigures:
    """The catalogue's database now."""

    version: str
    bytes: int
    connections: int
    tables: tuple[TableSize, ...]


class Browser(Protocol):
    """What the screen can read, on a connection of its own. All raise `UsenetSyncError`."""

    async def folders(self) -> tuple[Folder, ...]: ...

    async def snapshots(self, folder_id: int) -> tuple[Snapshot, ...]:
        """All versions, the one under construction included, oldest first."""

    async def files(
        self, query: FileQuery, start: FileKey | None, limit: int
    ) -> tuple[FileRow, ...]:
        """The rows of a list, from `start` on (inclusive; None: the first)."""

    async def file_directory(
        self, query: FileQuery, page_size: int, start: FileKey | None = None
    ) -> FileDirectory:
        """Where the pages begin, from `start` on. The count of a filtered list has a limit."""

    async def changes(
        self, folder_id: int, older: int, newer: int, after: bytes | None, limit: int
    ) -> tuple[ChangeRow, ...]:
        """The differences between two versions after a path, in path order."""

    async def find(
        self, query: FindQuery, after: FindKey | None, limit: int
    ) -> tuple[FoundFile, ...]:
        """The paths that match, after a key: newest folder first, paths that are gone last."""

    async def file_history(self, folder_id: int, path: bytes) -> tuple[PastState, ...]:
        """The finished versions in which a path changed, newest first; none: no such path."""

    async def costs(self, folder_id: int) -> tuple[VersionCost, ...]:
        """What each finished version of a folder cost, newest first."""

    async def stored_bytes(self, folder_id: int | None) -> StoredBytes:
        """What a folder has in its store; None: all folders together. Reads the whole ledger."""

    async def would_free(self, folder_id: int, versions: Sequence[int]) -> ForgetPreview:
        """What forgetting some versions of a folder would free: all that `Forget` would delete."""

    async def articles(
        self, object_id: int, start: tuple[int, int], limit: int
    ) -> tuple[ArticleRow, ...]:
        """The copies of an object's segments from (index, redundancy) on, inclusive."""

    async def article_count(self, object_id: int) -> int:
        """How many rows `articles` has in all."""

    async def causes(self, folder_id: int, limit: int) -> tuple[Cause, ...]:
        """Why files of a folder are incomplete after its latest job, most frequent first."""

    async def affected_paths(
        self, folder_id: int, cause: Cause, after: bytes | None, limit: int
    ) -> tuple[bytes, ...]:
        """The paths that a cause affects, after a path."""

    async def history(
        self, before: int | None, limit: int, folder_id: int | None = None
    ) -> tuple[PastJob, ...]:
        """The jobs with an id below `before` (None: all), newest first, open ones included.

        The id of the last row is `before` of the next page. With `folder_id` only that folder's.
        """

    async def notices(self, job_id: int, after: int, limit: int) -> tuple[tuple[int, Notice], ...]:
        """The notices of a job after a number (0: all), each with its number, in that order."""

    async def database(self) -> DatabaseFigures: ...


class EngineHandle(Protocol):
    """The screen's end of the engine: neither side ever waits for the other."""

    @property
    def status(self) -> EngineStatus:
        """The latest status; costs an attribute read."""

    def submit(self, command: Command) -> None:
        """Hand a command over; returns at once, from any thread."""

    @property
    def browser(self) -> Browser | None:
        """None until the catalogue is open."""
