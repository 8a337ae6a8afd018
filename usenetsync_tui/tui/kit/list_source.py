"""What a list must answer to be shown in pages: pages by key, and where they begin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

PAGE_SIZE = 1000

Row = TypeVar("Row")
Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Directory(Generic[Key]):
    """Where the pages of a list begin."""

    count: int
    """Rows from the first key on."""
    keys: tuple[Key, ...]
    """The key of every `PAGE_SIZE`-th row, the first included."""
    complete: bool = True
    """False: the count stopped at its limit, there are more."""

    def followed_by(self, rest: Directory[Key]) -> Directory[Key]:
        """The whole, when `rest` was counted from the last key of this one on."""
        keys = (*self.keys[:-1], *rest.keys)
        return Directory((len(self.keys) - 1) * PAGE_SIZE + rest.count, keys, rest.complete)


class ListSource(Protocol[Row, Key]):
    """A list in some order. Reading may raise `UsenetSyncError`."""

    async def page(self, start: Key | None, limit: int) -> Sequence[Row]:
        """The rows from `start` (None: the first) on."""

    async def directory(self, page_size: int, start: Key | None) -> Directory[Key]:
        """The keys of every `page_size`-th row from `start` on."""

    def before(self, page: Sequence[Row], key: Key) -> Sequence[Row]:
        """The rows of a page that come before the page that begins at `key`."""


async def counted_on(source: ListSource[Row, Key], known: Directory[Key]) -> Directory[Key]:
    """What is known, continued as far as the source counts in one go."""
    if not known.keys:
        return await source.directory(PAGE_SIZE, None)
    rest = await source.directory(PAGE_SIZE, known.keys[-1])
    return known.followed_by(rest)
