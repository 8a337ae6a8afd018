"""The lane of a store whose articles cost so little that each may cross the event loop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from usenetsync_tui.errors import StoreError
from usenetsync_tui.model.ports import PostingSource
from usenetsync_tui.model.segments import Article, Receipt


async def post_one_by_one(
    post: Callable[[Article], Awaitable[Receipt]], source: PostingSource
) -> None:
    """Post a source's articles until it has none for this lane."""
    while (article := source.next()) is not None:
        try:
            source.done(await post(article))
        except StoreError as error:
            source.done(error)
