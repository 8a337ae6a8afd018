"""settle: what an earlier run left in the ledger, before anything new is read.

Articles found unposted are ambiguous: the store is asked first. Those it does not hold are
made again from their source and sent under their own Message-IDs; one whose source is no
longer what was planned is stale, and its files are read anew.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence

from anyio import to_thread
from anyio.streams.memory import MemoryObjectSendStream

from usenetsync_tui.catalogue import files, objects, segments
from usenetsync_tui.catalogue.files import Member
from usenetsync_tui.catalogue.objects import OpenObject
from usenetsync_tui.codec import compression
from usenetsync_tui.errors import SourceFileError
from usenetsync_tui.model.entries import FileState, NoticeKind
from usenetsync_tui.model.segments import Article, ObjectKind, Segment
from usenetsync_tui.pipeline.compress import COMPRESSION_OF
from usenetsync_tui.pipeline.confirm import settle_batch
from usenetsync_tui.pipeline.plan import Ledger, Posting
from usenetsync_tui.pipeline.post import Posted
from usenetsync_tui.pipeline.run import Run, Slot
from usenetsync_tui.pipeline.source import SourceTree

_PAGE = 100


async def settle(
    run: Run, ledger: Ledger, source: SourceTree, slot: Slot, out: MemoryObjectSendStream[Posting]
) -> None:
    """Settle every incomplete object of the folder; what must be sent goes to `out`."""
    after = 0
    async with out:
        while not run.draining:
            async with run.catalogue.transaction() as tx:
                page = await objects.incomplete_page(tx, run.folder.id, after, _PAGE)
                left = await segments.unposted(tx, [o.id for o in page])
            if not page:
                return
            after = page[-1].id
            by_object = defaultdict(list)
            for segment in await _ask(run, ledger, left):
                by_object[segment.object_id].append(segment)
            for open_object in page:
                await run.gate.passed()
                if by_object[open_object.id] and not run.draining:
                    await _again(
                        run, ledger, source, slot, open_object, by_object[open_object.id], out
                    )


async def _ask(run: Run, ledger: Ledger, left: Sequence[Segment]) -> list[Segment]:
    """Those the store does not hold; the others are confirmed."""
    there = await run.store.present({s.message_id for s in left}) if left else set()
    found = [Posted(Posting(Article(message_id, b""), b"", 0, 0)) for message_id in sorted(there)]
    if found:
        await settle_batch(run, ledger, found)
    return [s for s in left if s.message_id not in there]


async def _again(
    run: Run,
    ledger: Ledger,
    source: SourceTree,
    slot: Slot,
    made: OpenObject,
    left: list[Segment],
    out: MemoryObjectSendStream[Posting],
) -> None:
    """Send an object's unposted articles again, or find it stale."""
    async with run.catalogue.transaction() as tx:
        members = await files.members(tx, run.folder.id, made.id, made.first_key, made.last_key)
    progress = run.progress
    if members and all(m.state == FileState.PLANNED for m in members):
        progress.total_files += len(members)
    for segment in left:
        progress.total_bytes += segment.size
        if segment.message_id in ledger.under_way:
            ledger.under_way[segment.message_id].credit += segment.size
            continue
        path = members[0].entry.path if members else b""
        try:
            with slot.working(path, f"segment {segment.index + 1}/{made.segments}"):
                payload = await to_thread.run_sync(_remake, source, made, members, segment)
        except SourceFileError:
            await _stale(run, made)
            return
        async with ledger.lock:
            async with run.catalogue.transaction(durable=True) as tx:
                await segments.mark_sending(tx, [segment.message_id])
            posting = Posting(
                Article(segment.message_id, payload), path, segment.size, segment.size
            )
            ledger.under_way[segment.message_id] = posting
        progress.in_flight += segment.size
        await out.send(posting)


def _remake(
    source: SourceTree, made: OpenObject, members: Sequence[Member], segment: Segment
) -> bytes:
    """The payload of a planned segment from its source. Blocking.

    Raises SourceFileError when the source is not what was planned.
    """
    if made.kind == ObjectKind.PACK:
        data = b"".join(source.read_small(m.entry) for m in members)
    elif members:
        with source.open(members[0].entry) as opened:
            data = opened.read(segment.index * made.segment_size, segment.size)
    else:
        data = b""
    if hashlib.sha256(data).digest() != segment.hash:
        raise SourceFileError(NoticeKind.CHANGED, "it changed since it was planned")
    return compression.compress(data, COMPRESSION_OF[segment.codec])[1]


async def _stale(run: Run, made: OpenObject) -> None:
    """Nothing more can be sent for the object: its files are pending again, counted anew."""
    async with run.catalogue.transaction(durable=True) as tx:
        await segments.mark_stale(tx, made.id)
        await files.set_stale(tx, run.folder.id, made.id, made.first_key, made.last_key)
        await objects.delete(tx, made.id)
