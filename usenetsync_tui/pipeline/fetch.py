"""fetch: a segment's bytes back from the store, copy by copy, its digest checked."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from anyio import to_thread

from usenetsync_tui.codec import compression
from usenetsync_tui.codec.sealing import open_sealed
from usenetsync_tui.errors import ArticleCorruptError, ArticleMissingError, StoreError
from usenetsync_tui.model.segments import Segment
from usenetsync_tui.pipeline.run import Run


async def fetch_segment(run: Run, copies: Sequence[Segment]) -> bytes:
    """The bytes of one segment from the first of its copies that has them.

    Raises the first copy's `ArticleMissingError` or `ArticleCorruptError` when none has;
    `StoreUnavailableError` when its store stays silent.
    """
    if not copies:
        raise ArticleMissingError("It was never posted.")
    failures: dict[int, StoreError] = {}
    # First from whoever answers now: with a further copy nobody need wait for a dead server.
    for wait in (False, True) if len(copies) > 1 else (True,):
        for segment in copies:
            known = failures.get(segment.redundancy)
            if known is not None and not known.retryable:
                continue
            try:
                place = await run.place_of(segment.realm_id)
                payload = await place.store.fetch(segment.message_id, wait=wait)
                data = await to_thread.run_sync(opened, payload, segment, place.key)
            except StoreError as error:
                failures[segment.redundancy] = error
            else:
                run.progress.from_copies += segment.redundancy > 0
                return data
    raise failures[min(failures)]


def opened(payload: bytes, segment: Segment, key: bytes | None) -> bytes:
    """The segment in a payload, opened with the key where there is one.

    Raises `ArticleCorruptError`. Blocking. The digest also finds an article in the wrong place,
    which a seal that carries no place would not.
    """
    codec = segment.codec
    if key is not None:
        codec, payload = open_sealed(key, payload)
    data = compression.decompress(payload, codec, segment.size)
    if hashlib.sha256(data).digest() != segment.hash:
        raise ArticleCorruptError("Its bytes are not those that were posted.")
    return data
