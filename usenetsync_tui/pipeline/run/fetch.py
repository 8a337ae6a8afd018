"""fetch: gets a segment's bytes from the store, copy by copy, and checks their digest."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import anyio

from usenetsync_tui.catalogue.tables import objects, segments
from usenetsync_tui.codec import compression
from usenetsync_tui.codec.digests import digest_of
from usenetsync_tui.codec.sealing import open_sealed
from usenetsync_tui.errors import (
    ArticleCorruptError,
    ArticleMissingError,
    DatabaseUnavailableError,
    FileDamagedError,
    StoreError,
)
from usenetsync_tui.model.entries import NoticeKind
from usenetsync_tui.model.folders import StoreKind
from usenetsync_tui.model.ports.stores import OpenRealm, WantedArticle
from usenetsync_tui.model.segments import Segment, SegmentStatus
from usenetsync_tui.pipeline.run.job_run import JobRun

WORDS = {NoticeKind.MISSING: "not there", NoticeKind.DAMAGED: "damaged"}
"""The ledger's words for an article whose bytes could not be fetched."""


def as_wanted(copies: Sequence[Segment], open_realm: OpenRealm) -> WantedArticle:
    """The first copy of a segment, for a lane; `open_realm`: the copy's.

    While there are others, no server that does not answer is waited for.
    """
    first = copies[0]
    how = partial(opened, segment=first, open_realm=open_realm)
    return WantedArticle(first.message_id, how, wait=len(copies) == 1)


async def fetch_other_copies(run: JobRun, copies: Sequence[Segment], failure: StoreError) -> bytes:
    """The bytes of a segment whose first copy could not be fetched from one of its others.

    Copies without them are recorded, and the next upload or `verify` posts them again. Raises the
    first copy's `failure` when no copy has the bytes.
    """
    failures = {copies[0].redundancy: failure}
    # First try the servers that answer now: another copy saves waiting for a dead server.
    for wait in (False, True) if len(copies) > 1 else ():
        for segment in copies if wait else copies[1:]:
            known = failures.get(segment.redundancy)
            if known is not None and not known.retryable:
                continue
            try:
                open_realm = await run.realm_of(segment.realm_id)
                how = partial(opened, segment=segment, open_realm=open_realm)
                data = await open_realm.store.fetch(segment.message_id, wait=wait, opened=how)
            except StoreError as error:
                failures[segment.redundancy] = error
                await record_failure(run, segment, error)
            else:
                run.progress.from_copies += segment.redundancy > 0
                return data
    raise failures[min(failures)]


async def record_failure(run: JobRun, segment: Segment, error: StoreError) -> None:
    """Record that a copy could not be fetched and must be posted again.

    Not for an acknowledged copy that is not due yet: it may still appear.
    """
    open_realm = await run.realm_of(segment.realm_id)
    is_damaged = isinstance(error, ArticleCorruptError)
    is_expected = segment.status is SegmentStatus.VERIFIED or not open_realm.checks
    if not is_damaged and not (isinstance(error, ArticleMissingError) and is_expected):
        return
    words = WORDS[NoticeKind.DAMAGED if is_damaged else NoticeKind.MISSING]
    rename = open_realm.realm.store is StoreKind.USENET  # a server takes each Message-ID once
    try:
        # Shielded: the first loss of a file cancels its other fetches, but their findings count.
        async with run.catalogue.ledger_lock:
            with anyio.CancelScope(shield=True):
                await _record_loss(run, segment, words, rename=rename)
    except DatabaseUnavailableError:
        # For example, an upload writes the same article's row. The restore continues with the next
        # copy; the next fetch of this one finds the loss again.
        return


async def _record_loss(run: JobRun, segment: Segment, words: str, *, rename: bool) -> None:
    async with run.catalogue.transaction() as tx:
        name = [segment.message_id]
        rows = await segments.mark_missing(tx, name, words, by_body=True, rename=rename)
        await objects.take_back(tx, [object_id for object_id, _ in rows])


def opened(payload: bytes, segment: Segment, open_realm: OpenRealm) -> bytes:
    """The segment in a payload of a realm, decrypted if the realm has a key.

    Raises `ArticleCorruptError`. Blocking. The digest also detects another segment's article,
    which the seal does not, as it carries no position.
    """
    codec = segment.codec
    if open_realm.key is not None:
        codec, payload = open_sealed(open_realm.key, payload)
    data = compression.decompress(payload, codec, segment.size)
    if digest_of(open_realm.realm.digest, data) != segment.hash:
        raise ArticleCorruptError("Its bytes are not those that were posted.")
    return data


async def fetched_at_once(
    numbers: Sequence[int], fetched: Callable[[int], Awaitable[bytes]]
) -> list[bytes]:
    """The bytes of some segments of a file, in their order, all fetched at the same time.

    `fetched` gives those of one, or raises `StoreError`; then this raises `FileDamagedError`.
    """
    found: dict[int, bytes] = {}
    failures: list[StoreError] = []

    async def fetch(number: int) -> None:
        try:
            found[number] = await fetched(number)
        except StoreError as error:
            failures.append(error)

    async with anyio.create_task_group() as group:
        for number in numbers:
            group.start_soon(fetch, number)
    if failures:
        raise FileDamagedError(str(failures[0])) from failures[0]
    return [found[number] for number in numbers]
