"""fetch: a segment's bytes back from the store, copy by copy, its digest checked."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from functools import partial

import anyio

from usenetsync_tui.catalogue.tables import objects, segments, snapshots
from usenetsync_tui.codec import compression
from usenetsync_tui.codec.sealing import open_sealed
from usenetsync_tui.errors import (
    ArticleCorruptError,
    ArticleMissingError,
    DatabaseUnavailableError,
    StoreError,
)
from usenetsync_tui.model.entries import NoticeKind
from usenetsync_tui.model.folders import StoreKind
from usenetsync_tui.model.segments import Segment, SegmentStatus
from usenetsync_tui.pipeline.run.job_run import JobRun

WORDS = {NoticeKind.MISSING: "not there", NoticeKind.DAMAGED: "damaged"}
"""What the ledger says of an article that could not be had."""


async def fetch_segment(run: JobRun, copies: Sequence[Segment]) -> bytes:
    """The bytes of one segment from the first of its copies that has them.

    The copies that do not are written down, for the next upload or `verify` to post again. Raises
    the first copy's `ArticleMissingError` or `ArticleCorruptError` when none has;
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
                how = partial(opened, segment=segment, key=place.key)
                data = await place.store.fetch(segment.message_id, wait=wait, opened=how)
            except StoreError as error:
                failures[segment.redundancy] = error
                await _poison(run, segment, error)
            else:
                run.progress.from_copies += segment.redundancy > 0
                return data
    raise failures[min(failures)]


async def _poison(run: JobRun, segment: Segment, error: StoreError) -> None:
    """Write down that a copy could not be had: it is to be posted again.

    Not of one that may come still: posted, acknowledged, and not due to be there.
    """
    place = await run.place_of(segment.realm_id)
    is_damaged = isinstance(error, ArticleCorruptError)
    is_expected = segment.status is SegmentStatus.VERIFIED or not place.checks
    if not is_damaged and not (isinstance(error, ArticleMissingError) and is_expected):
        return
    words = WORDS[NoticeKind.DAMAGED if is_damaged else NoticeKind.MISSING]
    rename = place.realm.store is StoreKind.USENET  # it takes a Message-ID once
    try:
        # Shielded: the first loss of a file ends its other fetches, and what they found is kept.
        async with run.poisoning:
            with anyio.CancelScope(shield=True):
                await _write_down(run, segment, words, rename=rename)
    except DatabaseUnavailableError:
        # Such as an upload that writes of the same article. Each restore finds out again; what it
        # is here for is to go on with the next copy.
        return


async def _write_down(run: JobRun, segment: Segment, words: str, *, rename: bool) -> None:
    async with run.catalogue.transaction() as tx:
        name = [segment.message_id]
        rows = await segments.mark_missing(tx, name, words, by_body=True, rename=rename)
        hurt = await objects.add_posted(tx, Counter({o: -n for o, n in rows.items()}))
        await snapshots.doubt(tx, [o.id for o in hurt])


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
