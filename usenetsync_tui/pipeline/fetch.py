"""fetch: a segment's bytes back from the store, copy by copy, its digest checked."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from anyio import to_thread

from usenetsync_tui.codec import compression
from usenetsync_tui.errors import ArticleCorruptError, ArticleMissingError, StoreError
from usenetsync_tui.model.ports import Store
from usenetsync_tui.model.segments import Segment


async def fetch_segment(store: Store, copies: Sequence[Segment]) -> bytes:
    """The bytes of one segment from the first of its copies that has them.

    Raises the first copy's `ArticleMissingError` or `ArticleCorruptError` when none has;
    `StoreUnavailableError` when the store stays silent.
    """
    if not copies:
        raise ArticleMissingError("It was never posted.")
    first: StoreError | None = None
    for segment in copies:
        try:
            payload = await store.fetch(segment.message_id)
            return await to_thread.run_sync(opened, payload, segment)
        except (ArticleMissingError, ArticleCorruptError) as error:
            first = first or error
    assert first is not None
    raise first


def opened(payload: bytes, segment: Segment) -> bytes:
    """The segment in a payload. Raises `ArticleCorruptError`. Blocking."""
    data = compression.decompress(payload, segment.codec, segment.size)
    if hashlib.sha256(data).digest() != segment.hash:
        raise ArticleCorruptError("Its bytes are not those that were posted.")
    return data
