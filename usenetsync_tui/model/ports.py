"""The ports: what the verbs ask of a place, and what the screen asks of the engine."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from usenetsync_tui.model.commands import Command
from usenetsync_tui.model.entries import NoticeKind
from usenetsync_tui.model.files import FileKey, FileQuery, FileView
from usenetsync_tui.model.folders import Folder, Realm, Snapshot
from usenetsync_tui.model.segments import Article, Receipt, SegmentStatus
from usenetsync_tui.model.servers import ServerStatus
from usenetsync_tui.model.status import EngineStatus

Opener = Callable[[bytes], bytes]
"""Makes a segment's bytes of the payload of an article."""


@dataclass(frozen=True, slots=True)
class Presence:
    """What a store knows of the articles it was asked for; those in neither are missing."""

    there: Set[bytes] = frozenset()
    unknown: Mapping[bytes, str] = field(default_factory=dict)
    """Those without a clear answer, with the words of whoever gave none."""


class Store(Protocol):
    """Where articles live. One contract test runs over every implementation.

    Errors: `StoreUnavailableError` (retry may help), `StoreError` (it will not),
    `ArticleMissingError` from `fetch`, `ArticleCollisionError` from `post` of an article that
    was never sent before, `StoreUnusableError` when no article at all can be posted or fetched.
    """

    @property
    def lanes(self) -> int | None:
        """Articles it takes at once; None: as many as there are workers."""

    async def post(self, article: Article) -> Receipt:
        """Return when the store holds the article.

        A known Message-ID counts as posted if the article is sent `again`, and wherever a
        Message-ID cannot be somebody else's.
        """

    async def present(self, message_ids: Collection[bytes]) -> Presence:
        """Which of the articles the store holds, which it does not, and which it cannot say.

        One answer concerns one article: what is not known of one says nothing of the others.
        """

    async def fetch(self, message_id: bytes, *, wait: bool = True, opened: Opener = bytes) -> bytes:
        """What `opened` makes of the payload posted under this Message-ID.

        `opened` raises `ArticleCorruptError` for a payload that is not what was posted: then the
        next place that may have the article is asked. It is called in a thread. Without `wait`,
        `StoreUnavailableError` at once where an answer would have to be waited for.
        """


@dataclass(frozen=True, slots=True)
class Place:
    """A realm with all that is needed to reach its articles."""

    realm: Realm
    store: Store
    key: bytes | None = field(default=None, repr=False)
    """What seals and opens them; None where they are not sealed."""
    checks: tuple[float, ...] = ()
    """Seconds after a post until the store is asked for the article, and then again, if it was
    in vain. Empty: what the store acknowledged can be read."""
    wire_id: Callable[[bytes], str] = bytes.hex
    """How a Message-ID is written on the wire, without ``<>``."""
    padded_to: int = 0
    """Bytes of the longest segment: payloads are padded to a few sizes up to that before they are
    sealed. 0: they are sealed as they are."""
    reposts: int = 2
    """How often an article that is not there is posted again before a run gives it up."""


class Places(Protocol):
    """The places of all realms."""

    @property
    def statuses(self) -> tuple[ServerStatus, ...]:
        """How the servers behind them are doing."""

    async def of(self, realm: Realm) -> Place:
        """A realm's place; where it cannot be reached, one that says so of each article."""


@dataclass(frozen=True, slots=True)
class FileRow:
    """One line of the file list."""

    path: bytes
    kind: int
    size: int
    mtime_ns: int
    state: FileView
    posted: int
    """Articles of its object the store holds."""
    articles: int
    """Articles its object needs; 0 when it needs none."""
    reason: str | None
    object_id: int | None = None
    """Where its bytes are; None when it has none, or none yet."""
    sha256: bytes | None = None


@dataclass(frozen=True, slots=True)
class FileDirectory:
    """Where the pages of a file list begin: exact row number ↔ key, without OFFSET."""

    count: int
    """Rows from the first key on."""
    keys: tuple[FileKey, ...]
    """The key of every `page_size`-th row, the first included."""
    page_size: int
    complete: bool = True
    """False: the count stopped at its limit, there are more."""


class Change(StrEnum):
    """What became of a path between two versions."""

    ADDED = "added"
    MODIFIED = "modified"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One path that differs between two versions. Sizes are bytes; None where it is not."""

    path: bytes
    kind: int
    change: Change
    old_size: int | None
    new_size: int | None


@dataclass(frozen=True, slots=True)
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
    """How often it was looked for in vain since it was posted."""
    reposts: int
    error: str | None
    """The server's words."""
    server: str
    message_id: str
    """As it is written on the wire, without ``<>``, where that is known; else our own in hex."""
    aliases: tuple[str, ...]
    """Other names it may be found under."""
    hash: bytes
    posted_at: datetime | None
    verified_at: datetime | None


@dataclass(frozen=True, slots=True)
class Cause:
    """Why files are not whole: one reason, and how many it befell."""

    kind: NoticeKind
    reason: str
    """The system's or the server's own words."""
    server: str
    count: int


@dataclass(frozen=True, slots=True)
class TableSize:
    """A table with its shards: bytes with indexes, and rows as the planner reckons them."""

    name: str
    bytes: int
    rows: int
    shards: tuple[int, ...] = ()
    """Bytes of each of its shards."""


@dataclass(frozen=True, slots=True)
class DatabaseFigures:
    """The catalogue's database now."""

    version: str
    bytes: int
    connections: int
    tables: tuple[TableSize, ...]


class Browser(Protocol):
    """What the screen may look up, on a connection of its own. All raise `UsenetSyncError`."""

    async def folders(self) -> tuple[Folder, ...]: ...

    async def snapshots(self, folder_id: int) -> tuple[Snapshot, ...]:
        """All versions, the one under construction included, oldest first."""

    async def files(
        self, query: FileQuery, start: FileKey | None, limit: int
    ) -> tuple[FileRow, ...]:
        """The rows of a list from `start` (inclusive; None: the first) on."""

    async def file_directory(
        self, query: FileQuery, page_size: int, start: FileKey | None = None
    ) -> FileDirectory:
        """Where the pages begin, from `start` on. A filtered list is counted to a limit."""

    async def changes(
        self, folder_id: int, older: int, newer: int, after: bytes | None, limit: int
    ) -> tuple[ChangeRow, ...]:
        """What differs between two versions, after a path, in path order."""

    async def articles(
        self, object_id: int, start: tuple[int, int], limit: int
    ) -> tuple[ArticleRow, ...]:
        """The copies of an object's segments from (index, redundancy) on, inclusive."""

    async def article_count(self, object_id: int) -> int:
        """How many rows `articles` has in all."""

    async def causes(self, folder_id: int, limit: int) -> tuple[Cause, ...]:
        """Why files of a folder are not whole, by its latest job, the most frequent first."""

    async def befallen(
        self, folder_id: int, cause: Cause, after: bytes | None, limit: int
    ) -> tuple[bytes, ...]:
        """The paths a cause befell, after a path."""

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
