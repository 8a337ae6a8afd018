"""plan: records an article durably before its first byte leaves (promise 1).

One task, so that two equal segments never get two Message-IDs: it searches the realm for digests
(deduplication), assigns articles to segments, records objects, segments and their files in one
transaction, and only then hands the articles on. Files whose content proved unchanged keep their
objects.

A batch of nothing but new articles is recorded while others are confirmed. A batch with known
articles, or with known content, takes the ledger's lock.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import partial

from usenetsync_tui.catalogue.session import Transaction
from usenetsync_tui.catalogue.tables import files, known, objects, segments
from usenetsync_tui.catalogue.tables.files import Placed
from usenetsync_tui.catalogue.tables.known import Slice
from usenetsync_tui.catalogue.tables.objects import NewObject, Progressed
from usenetsync_tui.catalogue.tables.segments import KnownArticle
from usenetsync_tui.model.folders import Profile, StoreKind
from usenetsync_tui.model.segments import ObjectKind, SegmentStatus
from usenetsync_tui.model.text.figures import plural
from usenetsync_tui.pipeline.posting.assign import Assignment, digest_in_object
from usenetsync_tui.pipeline.posting.digest_filter import DigestFilter
from usenetsync_tui.pipeline.posting.ledger import Ledger, OutgoingArticle, fresh_nonce, new_name
from usenetsync_tui.pipeline.run.handover import Handover
from usenetsync_tui.pipeline.run.job_run import JobRun, Stage
from usenetsync_tui.pipeline.run.lane_queue import LaneQueue
from usenetsync_tui.pipeline.run.segments import (
    Ending,
    FileAbandoned,
    FileRead,
    FilesKnown,
    PreparedSegment,
    ReadItem,
    SlicesShared,
)
from usenetsync_tui.pipeline.upload.pending import Outstanding
from usenetsync_tui.pipeline.upload.plan_known import FilesDone, SharedCopies, place, share

_BATCH = 48
_ENOUGH = 32
_PATIENCE = 0.02


@dataclass(slots=True)
class _OpenFile:
    """A large file between its first planned segment and its last; its end may come first."""

    recorded: bool = False
    planned: int = 0
    placed: Placed | None = None


@dataclass(slots=True)
class _Planned:
    """A batch as it was written, for the counters of the run."""

    assignment: Assignment
    files_done: FilesDone = field(default_factory=FilesDone)
    shared: SharedCopies = field(default_factory=SharedCopies)
    finished: list[Placed] = field(default_factory=list)
    unusable: list[NewObject] = field(default_factory=list)
    """Large files, read to their end, that can not share what they were to share."""
    undone: int = 0
    """Files of abandoned objects that counted as done."""
    posted_before: int = 0
    """Files read to their end whose objects an earlier run posted completely."""
    progressed: list[Progressed] = field(default_factory=list)


class Planner:
    """The planning task of one run."""

    def __init__(
        self,
        run: JobRun,
        ledger: Ledger,
        stage: Stage,
        outstanding: Outstanding,
        out: LaneQueue[OutgoingArticle],
    ) -> None:
        self._run = run
        self._ledger = ledger
        self._stage = stage
        self._outstanding = outstanding
        self._out = out
        self._open: defaultdict[int, _OpenFile] = defaultdict(_OpenFile)
        self._abandoned: set[int] = set()
        self._shares = run.folder.realm.profile is not Profile.PLAIN
        self._filter: DigestFilter | None = None
        """Tells new digests, if the realm was empty when the run began."""
        self._has_begun = False

    async def work(self, items: Handover[ReadItem]) -> None:
        """Plan batches until no more come."""
        async for batch in items.batches(_BATCH, _PATIENCE, _ENOUGH):
            with self._stage.slots[0].working(b"", plural(len(batch), "segment")):
                postings = await self._plan(batch)
            self._stage.done += len(batch)
            await self._out.put(postings)

    async def _plan(self, batch: list[ReadItem]) -> list[OutgoingArticle]:
        self._run.progress.in_flight += sum(
            i.raw.size for i in batch if isinstance(i, PreparedSegment)
        )
        ended = [i for i in batch if isinstance(i, Ending)]
        self._abandoned |= {i.object.id for i in ended if isinstance(i, FileAbandoned)}
        prepared = [i for i in batch if isinstance(i, PreparedSegment) and self._is_wanted(i)]
        shared = [
            i for i in batch if isinstance(i, SlicesShared) and i.object.id not in self._abandoned
        ]
        made = None
        if not shared and all(isinstance(i, FileRead) and not i.known for i in ended):
            made = await self._written(prepared, shared, ended, alone=False)
        if made is None:
            async with self._ledger.lock:
                made = await self._written(prepared, shared, ended, alone=True)
        assert made is not None
        for lost in made.unusable:
            self._drop(lost)
        self._done_with(prepared, ended, made.finished)
        return made.assignment.postings

    async def _written(
        self,
        prepared: list[PreparedSegment],
        shared: list[SlicesShared],
        ended: list[Ending],
        *,
        alone: bool,
    ) -> _Planned | None:
        """Record a batch and count it. None: it must be `alone`, with the ledger's lock held."""
        run = self._run
        record = partial(self._record, prepared, shared, ended, alone)
        pipelined = not _copies(prepared, ended)
        made = await run.catalogue.in_thread(record, durable=True, pipelined=pipelined)
        if made is not None:
            self._ledger.progressed(run, made.progressed)
            run.progress.done_files += made.posted_before - made.undone
            made.files_done.count(run.progress)
            made.shared.count(run.progress)
            made.assignment.commit()
        return made

    async def _record(
        self,
        prepared: list[PreparedSegment],
        shared: list[SlicesShared],
        ended: list[Ending],
        alone: bool,
        tx: Transaction,
    ) -> _Planned | None:
        """Write the plan of a batch. In a thread: counters and events belong to the event loop."""
        run = self._run
        known = await self._known(tx, prepared)
        if known and not alone:
            return None
        await self._rename_poisoned(tx, known)
        made = _Planned(Assignment(run, self._ledger, known))
        plan = made.assignment
        for item in prepared:
            plan.add(item)
        await self._record_objects(tx, prepared, shared)
        done = Counter[int]()
        if plan.rows:
            check_after = next(iter(run.open_realm.checks), None)
            done = await segments.insert(tx, run.folder.realm.id, plan.rows, check_after)
        if plan.revived:
            await segments.mark_sending(tx, plan.revived)
        done += await self._share(tx, shared, made)
        made.finished = self._finished(prepared, shared, ended)
        placed = [p for i in prepared for p in i.raw.placed] + made.finished
        made.files_done = await place(tx, run, placed, ended)
        made.posted_before = await self._posted_before(tx, ended)
        for end in ended:
            if isinstance(end, FileAbandoned):
                made.undone += await self._leave(tx, end.object)
        made.progressed = await objects.add_posted(tx, done)
        return made

    async def _posted_before(self, tx: Transaction, ended: list[Ending]) -> int:
        """How many files read to their end are done, and no article of this run made them so."""
        reads = [i for i in ended if isinstance(i, FileRead) and i.known == i.object.segments]
        there = await objects.complete(tx, [i.object.id for i in reads])
        return len(there - self._ledger.counted - self._abandoned)

    def _done_with(
        self, prepared: list[PreparedSegment], ended: list[Ending], finished: list[Placed]
    ) -> None:
        """Count the units that need no more reading in this pass."""
        for end in ended:
            if isinstance(end, FileRead) and end.object.id in self._abandoned:
                self._drop(end.object)
        packs = sum(bool(i.raw.placed) for i in prepared)
        others = sum(not isinstance(i, FileRead) for i in ended)
        for _ in range(packs + len(finished) + others):
            self._outstanding.done()

    def _drop(self, made: NewObject) -> None:
        """A file that was read to its end must be read once more."""
        self._run.progress.total_bytes += made.size
        self._outstanding.done()

    def _is_wanted(self, item: PreparedSegment) -> bool:
        """False for a segment whose object was abandoned while the segment was under way."""
        if item.raw.object.id not in self._abandoned:
            return True
        self._run.released(item.raw.size)
        self._run.progress.done_bytes += item.raw.size
        return False

    async def _known(
        self, tx: Transaction, prepared: list[PreparedSegment]
    ) -> dict[tuple[bytes, int], KnownArticle]:
        """Copies that may be shared: those of the realm; for `plain`, those of the same slice."""
        if not prepared:
            return {}
        if self._shares:
            return await self._known_of_realm(tx, {d.hash for d in prepared})
        prepared = [d for d in prepared if d.raw.has_past]
        if not prepared:
            return {}
        own = await segments.by_slice(tx, {(d.raw.object.id, d.raw.index) for d in prepared})
        there = {(made, at) for made, at, _ in own}
        others = [
            Slice(d.raw.object, d.raw.index, d.hash)
            for d in prepared
            if (d.raw.object.id, d.raw.index) not in there
        ]
        own += await known.posted_before(tx, self._run.folder, others)
        return {(digest_in_object(k.hash, made, at), k.redundancy): k for made, at, k in own}

    async def _known_of_realm(
        self, tx: Transaction, digests: set[bytes]
    ) -> dict[tuple[bytes, int], KnownArticle]:
        realm, copies = self._run.folder.realm.id, self._run.folder.copies
        if not self._has_begun:
            self._has_begun = True
            self._filter = None if await segments.has_any(tx, realm) else DigestFilter()
        # No other job plans articles meanwhile (`model.competition`).
        digests = digests if self._filter is None else self._filter.take(digests)
        rows = await segments.by_hash(tx, realm, digests, copies) if digests else []
        return {(k.hash, k.redundancy): k for k in rows}

    async def _rename_poisoned(
        self, tx: Transaction, known: dict[tuple[bytes, int], KnownArticle]
    ) -> None:
        """Give articles whose bytes were lost new Message-IDs: a server takes each only once.

        Articles under way already have theirs.
        """
        if self._run.folder.realm.store is not StoreKind.USENET:
            return
        for key, one in known.items():
            is_there = SegmentStatus(one.status).is_there
            if one.by_body and not is_there and one.message_id not in self._ledger.under_way:
                new = await new_name(tx, self._run, one.message_id, fresh_nonce(self._run))
                known[key] = one._replace(message_id=new)

    async def _record_objects(
        self, tx: Transaction, prepared: list[PreparedSegment], shared: list[SlicesShared]
    ) -> None:
        new = {i.raw.object.id: i.raw.object for i in prepared if i.raw.placed}
        begun = [(i.raw.object, i.raw.seen) for i in prepared if not i.raw.placed]
        for made, seen in begun + [(i.object, i.seen) for i in shared]:
            if not self._open[made.id].recorded:
                new[made.id] = made
                self._open[made.id].recorded = True
                assert seen is not None
                await files.set_object(tx, self._run.folder.id, made.first_key, made.id, seen)
        folder = self._run.folder
        await objects.insert(tx, folder.id, folder.realm.id, folder.copies, list(new.values()))

    async def _share(
        self, tx: Transaction, shared: list[SlicesShared], planned: _Planned
    ) -> Counter[int]:
        """Share slices of earlier objects; returns how many of their articles are posted.

        If some were lost meanwhile, the object will never be complete, and its file is read again.
        """
        posted = Counter[int]()
        for item in shared:
            made = item.object.id
            self._ledger.shares(item.source)
            there = None if made in self._abandoned else await share(tx, self._run, item)
            if there is None:
                self._abandoned.add(made)
                state = self._open.pop(made, None)
                if state is not None and state.placed is not None:  # its end came first
                    planned.unusable.append(item.object)
                await self._leave(tx, item.object)
            else:
                planned.shared.add(there)
                posted[made] += there.posted
                self._open[made].planned += item.last - item.first
        return posted

    async def _leave(self, tx: Transaction, made: NewObject) -> bool:
        """Give up a large file's object; True if it was complete."""
        await files.leave_object(tx, self._run.folder.id, made.first_key, made.id)
        return await objects.delete_unused(tx, made.id)

    def _finished(
        self, prepared: list[PreparedSegment], shared: list[SlicesShared], ended: list[Ending]
    ) -> list[Placed]:
        """Files read to their end with all segments planned; these may come in any order."""
        touched = {i.object.id: i.object for i in shared}
        for item in prepared:
            made = item.raw.object
            if made.kind == ObjectKind.FILE:
                self._open[made.id].planned += 1
                touched[made.id] = made
        for end in ended:
            if isinstance(end, FileRead):
                self._open[end.object.id].placed = end.placed
                self._open[end.object.id].planned += end.known
                touched[end.object.id] = end.object
            elif isinstance(end, FileAbandoned):
                self._open.pop(end.object.id, None)
        placed = []
        for made in touched.values():
            state = self._open[made.id]
            if made.id in self._abandoned:
                del self._open[made.id]
            elif state.placed is not None and state.planned == made.segments:
                placed.append(state.placed)
                del self._open[made.id]
        return placed


def _copies(prepared: list[PreparedSegment], ended: list[Ending]) -> bool:
    """Whether rows of new files are to be written."""
    empty = [p for i in ended if isinstance(i, FilesKnown) for p in i.empty]
    placed = [p for i in prepared for p in i.raw.placed]
    return any(p.rowless is not None for p in placed + empty)
