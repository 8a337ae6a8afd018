"""The port of a list that is shown in pages: pages by key, and the keys at which they begin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

from usenetsync_tui.model.value_object import value_object

PAGE_SIZE = 1000

Row = TypeVar("Row")
Key = TypeVar("Key")


@value_object
class Directory(Generic[Key]):
    """The keys at which the pages of a list begin."""

    count: int
    """Rows from the first key on."""
    keys: tuple[Key, ...]
    """The key of every `PAGE_SIZE`-th row, including the first row."""
    complete: bool = True
    """False: the count stopped at its limit, and there are more rows."""

    def followed_by(self, rest: Directory[Key]) -> Directory[Key]:
        """Both joined; `rest` must have been counted from the last key of this one on."""
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
    """The known directory, extended by one more count of the source."""
    if not known.keys:
        return await source.directory(PAGE_SIZE, None)
    rest = await source.directory(PAGE_SIZE, known.keys[-1])
    return known.followed_by(rest)
