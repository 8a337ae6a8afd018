"""The lanes of a store whose articles cost so little that each may cross the event loop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from anyio import to_thread

from usenetsync_tui.errors import StoreError
from usenetsync_tui.model.ports.stores import FetchingSource, Opener, PostingSource
from usenetsync_tui.model.segments import Article, Receipt


class Fetch(Protocol):
    """`Store.fetch`."""

    async def __call__(
        self, message_id: bytes, *, wait: bool = True, opened: Opener = bytes
    ) -> bytes: ...


async def post_one_by_one(
    post: Callable[[Article], Awaitable[Receipt]], source: PostingSource
) -> None:
    """Post a source's articles until it has none for this lane."""
    while (article := source.next()) is not None:
        try:
            source.done(await post(article))
        except StoreError as error:
            source.done(error)


async def fetch_one_by_one(fetch: Fetch, source: FetchingSource) -> None:
    """Fetch a source's articles until it has none for this lane."""
    while (wanted := source.next()) is not None:
        try:
            data = await fetch(wanted.message_id, wait=wanted.wait, opened=wanted.opened)
        except StoreError as error:
            source.done(error)
        else:
            await to_thread.run_sync(source.done, data)
