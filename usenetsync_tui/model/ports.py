"""The ports: what the verbs ask of a place, and what the screen asks of the engine."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from usenetsync_tui.model.commands import Command
from usenetsync_tui.model.folders import Folder, Realm, Snapshot
from usenetsync_tui.model.segments import Article, Receipt
from usenetsync_tui.model.servers import ServerStatus
from usenetsync_tui.model.status import EngineStatus


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

    async def present(self, message_ids: Collection[bytes]) -> set[bytes]:
        """Those of the Message-IDs that the store holds."""

    async def fetch(self, message_id: bytes, *, wait: bool = True) -> bytes:
        """The payload posted under this Message-ID.

        Without `wait`, `StoreUnavailableError` at once where it would have to be waited for.
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


class Places(Protocol):
    """The places of all realms."""

    @property
    def statuses(self) -> tuple[ServerStatus, ...]:
        """How the servers behind them are doing."""

    async def of(self, realm: Realm) -> Place:
        """A realm's place; where it cannot be reached, one that says so of each article."""


class FileView(StrEnum):
    """A file's state as the screen words it."""

    QUEUED = "queued"
    POSTING = "posting"
    DONE = "done"
    FAILED = "failed"


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


@dataclass(frozen=True, slots=True)
class PageDirectory:
    """Where the pages of a file list begin: exact row number ↔ key, without OFFSET."""

    count: int
    keys: tuple[bytes, ...]
    """The path of every `page_size`-th row, the first included."""
    page_size: int


class Browser(Protocol):
    """What the screen may look up, on a connection of its own."""

    async def folders(self) -> tuple[Folder, ...]: ...

    async def snapshots(self, folder_id: int) -> tuple[Snapshot, ...]:
        """All versions, the one under construction included, oldest first."""

    async def page(
        self, folder_id: int, version: int, start: bytes, limit: int
    ) -> tuple[FileRow, ...]:
        """The rows of a version from path `start` (inclusive) on, in path order."""

    async def page_directory(
        self, folder_id: int, version: int, page_size: int
    ) -> PageDirectory: ...


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
