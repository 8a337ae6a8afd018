"""plan: an article is written down, durably, before its first byte leaves (promise 1).

One task, so that two equal segments never get two Message-IDs: it looks digests up in the
realm (dedupe), gives new segments an id of 128 random bits, records objects, segments and
the files whose bytes they are in one transaction, and only then hands the articles on.
"""

from __future__ import annotations

import secrets
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from usenetsync_tui.catalogue import files, objects, segments
from usenetsync_tui.catalogue.files import Placed
from usenetsync_tui.catalogue.objects import NewObject, Progressed
from usenetsync_tui.catalogue.segments import Known
from usenetsync_tui.catalogue.session import Transaction
from usenetsync_tui.codec import compression
from usenetsync_tui.model.folders import Profile
from usenetsync_tui.model.segments import Article, Codec, ObjectKind, Segment, SegmentStatus
from usenetsync_tui.pipeline.compress import COMPRESSION_OF, DressedItem, DressedSegment
from usenetsync_tui.pipeline.pending import Outstanding
from usenetsync_tui.pipeline.read import FileAbandoned, FileRead
from usenetsync_tui.pipeline.run import Run, Stage

_BATCH = 32


@dataclass(slots=True, eq=False)
class Posting:
    """An article on its way, and the source bytes that are done when it is there."""

    article: Article
    path: bytes
    credit: int
    released: int
    """Source bytes held in memory for it."""


@dataclass(slots=True)
class Ledger:
    """What plan and confirm share: the articles under way, and the right to write.

    One writer at a time, so that a row that joins an article under way is there before
    that article is confirmed.
    """

    under_way: dict[bytes, Posting] = field(default_factory=dict)
    lock: anyio.Lock = field(default_factory=anyio.Lock)

    def progressed(self, run: Run, changed: list[Progressed]) -> None:
        """Objects of the run's folder that became complete finish their files."""
        run.progress.done_files += sum(
            o.files for o in changed if o.complete and o.folder_id == run.folder.id
        )


@dataclass(slots=True)
class _OpenFile:
    """A large file between its first planned segment and its last; its end may come first."""

    recorded: bool = False
    planned: int = 0
    placed: Placed | None = None


class Planner:
    """The planning task of one run."""

    def __init__(
        self,
        run: Run,
        ledger: Ledger,
        stage: Stage,
        outstanding: Outstanding,
        out: MemoryObjectSendStream[Posting],
    ) -> None:
        self._run = run
        self._ledger = ledger
        self._stage = stage
        self._outstanding = outstanding
        self._out = out
        self._open: defaultdict[int, _OpenFile] = defaultdict(_OpenFile)
        self._abandoned: set[int] = set()
        self._shares = run.folder.realm.profile is not Profile.PLAIN

    async def work(self, items: MemoryObjectReceiveStream[DressedItem]) -> None:
        """Plan batches of what is there, until nothing more comes."""
        async with items, self._out:
            async for first in items:
                batch = [first]
                while len(batch) < _BATCH:
                    try:
                        batch.append(items.receive_nowait())
                    except (anyio.WouldBlock, anyio.EndOfStream):
                        break
                with self._stage.slots[0].working(b"", f"{len(batch)} segments"):
                    postings = await self._plan(batch)
                self._stage.done += len(batch)
                for posting in postings:
                    await self._out.send(posting)

    async def _plan(self, batch: list[DressedItem]) -> list[Posting]:
        ended = [i for i in batch if not isinstance(i, DressedSegment)]
        self._abandoned |= {i.object.id for i in ended if isinstance(i, FileAbandoned)}
        dressed = [i for i in batch if isinstance(i, DressedSegment) and self._is_wanted(i)]
        run, ledger = self._run, self._ledger
        async with ledger.lock:
            async with run.catalogue.transaction(durable=True) as tx:
                plan = _BatchPlan(run, ledger, await self._known(tx, dressed))
                for item in dressed:
                    plan.add(item)
                await self._record_objects(tx, dressed)
                done = Counter[int]()
                if plan.rows:
                    done = await segments.insert(tx, run.folder.realm.id, plan.rows)
                if plan.revived:
                    await segments.mark_sending(tx, plan.revived)
                finished = self._finished(dressed, ended)
                await files.set_planned(
                    tx, run.folder.id, [p for i in dressed for p in i.raw.placed] + finished
                )
                undone = 0
                for end in ended:
                    if isinstance(end, FileAbandoned):
                        undone += await objects.delete_unused(tx, end.object.id)
                progressed = await objects.add_posted(tx, done)
            ledger.progressed(run, progressed)
            run.progress.done_files -= undone
            plan.commit()
        packs = sum(bool(i.raw.placed) for i in dressed)
        abandoned = sum(isinstance(i, FileAbandoned) for i in ended)
        for _ in range(packs + len(finished) + abandoned):
            self._outstanding.done()
        return plan.postings

    def _is_wanted(self, item: DressedSegment) -> bool:
        """False for a segment that was overtaken by the end of its file's object."""
        if item.raw.object.id not in self._abandoned:
            return True
        self._run.progress.in_flight -= len(item.raw.data)
        self._run.progress.done_bytes += len(item.raw.data)
        return False

    async def _known(
        self, tx: Transaction, dressed: list[DressedSegment]
    ) -> dict[tuple[bytes, int], Known]:
        """Copies that may be shared: the realm's, or the object's own where it shares nothing."""
        if not dressed:
            return {}
        if self._shares:
            folder = self._run.folder
            rows = await segments.by_hash(
                tx, folder.realm.id, {d.hash for d in dressed}, folder.copies
            )
            return {(k.hash, k.redundancy): k for k in rows}
        own = await segments.by_slice(tx, {(d.raw.object.id, d.raw.index) for d in dressed})
        return {(scoped(k.hash, made, at), k.redundancy): k for made, at, k in own}

    async def _record_objects(self, tx: Transaction, dressed: list[DressedSegment]) -> None:
        new: dict[int, NewObject] = {}
        for item in dressed:
            made = item.raw.object
            if made.kind == ObjectKind.PACK:
                new[made.id] = made
            elif not self._open[made.id].recorded:
                new[made.id] = made
                self._open[made.id].recorded = True
                assert item.raw.seen is not None
                await files.set_object(
                    tx, self._run.folder.id, made.first_key, made.id, item.raw.seen
                )
        folder = self._run.folder
        await objects.insert(tx, folder.id, folder.realm.id, folder.copies, list(new.values()))

    def _finished(
        self, dressed: list[DressedSegment], ended: list[FileRead | FileAbandoned]
    ) -> list[Placed]:
        """Files read to their end whose every segment is planned: segments may overtake."""
        touched = {}
        for item in dressed:
            made = item.raw.object
            if made.kind == ObjectKind.FILE:
                self._open[made.id].planned += 1
                touched[made.id] = made
        for end in ended:
            if isinstance(end, FileRead):
                self._open[end.object.id].placed = end.placed
                touched[end.object.id] = end.object
            else:
                self._open.pop(end.object.id, None)
                touched.pop(end.object.id, None)
        placed = []
        for made in touched.values():
            state = self._open[made.id]
            if state.placed is not None and state.planned == made.segments:
                placed.append(state.placed)
                del self._open[made.id]
        return placed


def scoped(digest: bytes, object_id: int, index: int) -> bytes:
    """A digest that only the same slice of the same object shares."""
    return digest + object_id.to_bytes(8, "big") + index.to_bytes(4, "big")


def redressed(item: DressedSegment, codec: Codec) -> DressedSegment:
    """The segment in the codec its article was planned with: an id names one payload."""
    if item.codec is codec:
        return item
    codec, payload = compression.compress(item.raw.data, COMPRESSION_OF[codec])
    return replace(item, codec=codec, payload=payload)


class _BatchPlan:
    """Which article carries each segment of a batch."""

    def __init__(self, run: Run, ledger: Ledger, known: dict[tuple[bytes, int], Known]) -> None:
        self._run = run
        self._ledger = ledger
        self._known = known
        self._shares = run.folder.realm.profile is not Profile.PLAIN
        self._credits: list[tuple[Posting, int]] = []
        self._done = 0
        self._deduplicated = 0
        self._freed = 0
        self._segments = 0
        self.rows: list[Segment] = []
        self._mine: dict[bytes, Posting] = {}
        self.revived: list[bytes] = []

    def add(self, item: DressedSegment) -> None:
        """Give every copy of a segment its article: one that is there, or a new one."""
        copies, size = self._run.folder.copies, len(item.raw.data)
        held = size
        for redundancy in range(copies):
            credit = size // copies if redundancy else size - size // copies * (copies - 1)
            digest = item.hash
            if not self._shares:
                digest = scoped(digest, item.raw.object.id, item.raw.index)
            known = self._known.get((digest, redundancy))
            self._segments += 1
            if known is None:
                message_id, codec, payload_size = (
                    secrets.token_bytes(16),
                    item.codec,
                    len(item.payload),
                )
                status = SegmentStatus.SENDING
                known = Known(digest, redundancy, message_id, codec, payload_size, status)
                self._known[digest, redundancy] = known
                self._send(item, message_id, credit, held)
                held = 0
            elif SegmentStatus(known.status).is_there:
                status = SegmentStatus.POSTED
                self._deduplicated += credit
                self._done += credit
            else:
                status = SegmentStatus.SENDING
                held = self._join(item, known, credit, held)
            self.rows.append(
                Segment(
                    object_id=item.raw.object.id,
                    index=item.raw.index,
                    redundancy=redundancy,
                    size=size,
                    hash=item.hash,
                    codec=Codec(known.codec),
                    payload_size=known.payload_size,
                    message_id=known.message_id,
                    status=status,
                )
            )
        self._freed += held

    def _join(self, item: DressedSegment, known: Known, credit: int, held: int) -> int:
        """Share an article under way; or send again, under its own id, one nobody is sending."""
        under_way = self._ledger.under_way.get(known.message_id)
        under_way = under_way or self._mine.get(known.message_id)
        if under_way is not None:
            self._credits.append((under_way, credit))
            self._deduplicated += credit
            return held
        self.revived.append(known.message_id)
        self._send(redressed(item, Codec(known.codec)), known.message_id, credit, held)
        return 0

    def _send(self, item: DressedSegment, message_id: bytes, credit: int, held: int) -> None:
        article = Article(message_id, item.payload)
        self._mine[message_id] = Posting(article, item.raw.path, credit, held)

    @property
    def postings(self) -> list[Posting]:
        """The articles to send, in the order of their planning."""
        return list(self._mine.values())

    def commit(self) -> None:
        """The plan is on disk: count it."""
        progress = self._run.progress
        self._ledger.under_way.update(self._mine)
        for posting, credit in self._credits:
            posting.credit += credit
        progress.segments += self._segments
        progress.deduplicated_segments += self._segments - len(self._mine)
        progress.deduplicated_bytes += self._deduplicated
        progress.done_bytes += self._done
        progress.in_flight -= self._freed
