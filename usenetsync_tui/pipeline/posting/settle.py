"""settle: the articles that an earlier run left unposted, before anything new is read.

Such an article is ambiguous, so `settle` asks the store first. What the store does not have is
made again from its source and sent under its own Message-ID. If the source is no longer what was
planned, the article is stale, and its files are read again.
"""

from __future__ import annotations

from collections.abc import Sequence

from anyio import to_thread

from usenetsync_tui.catalogue.session import Transaction
from usenetsync_tui.catalogue.tables import files, objects, segments
from usenetsync_tui.catalogue.tables.files import Member
from usenetsync_tui.catalogue.tables.index import posted
from usenetsync_tui.catalogue.tables.objects import OpenObject
from usenetsync_tui.codec.digests import digest_of
from usenetsync_tui.disk.source.guard import is_below
from usenetsync_tui.disk.source.source_tree import SourceTree
from usenetsync_tui.errors import SourceFileError
from usenetsync_tui.model.digests import DigestAlgorithm
from usenetsync_tui.model.entries import FileState, NoticeKind
from usenetsync_tui.model.ports.stores import Presence
from usenetsync_tui.model.segments import Article, ObjectKind, Receipt, Segment, SegmentStatus
from usenetsync_tui.pipeline.posting.articles import payload_of, posting_of
from usenetsync_tui.pipeline.posting.confirm import record_acknowledgements
from usenetsync_tui.pipeline.posting.ledger import Ledger, OutgoingArticle, fresh_nonce, renamed
from usenetsync_tui.pipeline.posting.posted import Posted
from usenetsync_tui.pipeline.run.job_run import JobRun, WorkerSlot
from usenetsync_tui.pipeline.run.lane_queue import LaneQueue

_PAGE = 100


async def settle(
    run: JobRun,
    ledger: Ledger,
    source: SourceTree | None,
    slot: WorkerSlot,
    out: LaneQueue[OutgoingArticle],
) -> None:
    """Settle every incomplete object of the folder in its realm; articles to be sent go to `out`.

    `source`: None in the realm of an index, whose pages the catalogue has.
    """
    after = 0
    settler = _Settler(run, ledger, source, slot, out)
    if ledger.counts:
        async with run.catalogue.transaction() as tx:
            run.progress.total_files += await objects.waiting_files(
                tx, run.folder.id, run.open_realm.realm.id
            )
    while not run.draining:
        async with run.catalogue.transaction() as tx:
            page = await objects.incomplete_page(tx, run.folder.id, after, _PAGE)
        if not page:
            return
        after = page[-1].id
        for made in page:
            # The folder has left this object's realm: its articles cannot be sent from here.
            if made.realm_id == run.open_realm.realm.id:
                await settler.settle(made)


class _Settler:
    """Settles objects, a batch of articles at a time."""

    def __init__(
        self,
        run: JobRun,
        ledger: Ledger,
        source: SourceTree | None,
        slot: WorkerSlot,
        out: LaneQueue[OutgoingArticle],
    ) -> None:
        self._run = run
        self._ledger = ledger
        self._source = source
        self._slot = slot
        self._out = out
        self._unknown: frozenset[bytes] = frozenset()
        """Articles of this page for which the store gave no clear answer."""
        self._sent: dict[bytes, OutgoingArticle] = {}
        """By the Message-IDs they had when this page was read: some have new ones now."""

    async def settle(self, made: OpenObject) -> None:
        """Confirm an object's articles or send them again, or find it stale."""
        run, folder, after = self._run, self._run.folder.id, (-1, 0)
        of_index = made.kind == ObjectKind.INDEX
        async with run.catalogue.transaction() as tx:
            members = await files.members(tx, folder, made.id, made.first_key, made.last_key)
            if not members and not of_index:
                await segments.mark_stale(tx, made.id)
                await objects.delete(tx, made.id)
        is_away = run.away and any(is_below(m.entry.path, run.away) for m in members)
        if is_away or not (members or of_index):
            self._is_counted_out(made, members)
            return
        if made.kind == ObjectKind.FILE and all(m.state != FileState.PLANNED for m in members):
            self._ledger.begun.add(made.id)
        while not run.draining:
            async with run.catalogue.transaction() as tx:
                left = await segments.unposted(tx, made.id, after, run.limits.batch_size)
            if not left:
                return
            after = left[-1].index, left[-1].redundancy
            self._sent.clear()
            for segment in await self._ask(left):
                await run.gate.passed()
                if run.draining:
                    return
                try:
                    await self._again(made, members, segment)
                except SourceFileError as error:
                    # An unreadable source may be unchanged, and an article without a clear answer
                    # may be posted: a later run can find out.
                    unread = error.kind is NoticeKind.UNREADABLE
                    if not unread and segment.message_id not in self._unknown:
                        await _stale(run, made)
                    self._is_counted_out(made, members)
                    return

    def _is_counted_out(self, made: OpenObject, members: Sequence[Member]) -> None:
        """Take its files from the total: this run skips them, or reads and counts them again."""
        if not self._ledger.counts:
            return
        if made.kind == ObjectKind.PACK or any(m.state == FileState.PLANNED for m in members):
            self._run.progress.total_files -= made.files

    async def _ask(self, left: Sequence[Segment]) -> list[Segment]:
        """The articles to send; those that the store has are confirmed.

        Does not ask about an article that was missing, or is posted again because it was: a
        damaged article is there, but must be replaced. Nor about one that only its bytes prove.
        An article without a clear answer is sent again, under its own Message-ID.
        """
        lost = SegmentStatus.MISSING
        unsure = {
            s.message_id for s in left if s.status is not lost and not s.reposts and not s.by_body
        }
        found = await self._run.open_realm.store.present(unsure) if unsure else Presence()
        self._unknown = frozenset(found.unknown)
        confirmed = [
            Posted(OutgoingArticle(Article(name, b""), b"", 0, 0), Receipt())
            for name in sorted(found.there)
        ]
        if confirmed:
            await record_acknowledgements(self._run, self._ledger, confirmed)
        return [s for s in left if s.message_id not in found.there]

    async def _again(self, made: OpenObject, members: Sequence[Member], segment: Segment) -> None:
        """Send an article again. Raises SourceFileError when its source has changed."""
        run, ledger, progress = self._run, self._ledger, self._run.progress
        credit = segment.size if ledger.counts else 0
        sent = ledger.under_way.get(segment.message_id) or self._sent.get(segment.message_id)
        if sent is not None:  # one article of several slices
            if sent.article.message_id in ledger.under_way:
                sent.credit += credit
                progress.total_bytes += credit
            return
        path = members[0].entry.path if members else b""
        await run.budget.take(segment.size)
        try:
            with self._slot.working(path, f"segment {segment.index + 1}/{made.segments}"):
                payload = await self._payload(made, members, segment)
        except BaseException:
            run.budget.give(segment.size)
            raise
        # A fresh nonce: another version of the compressor may make other bytes, and a nonce must
        # never seal two payloads.
        posting = posting_of(
            run,
            made,
            segment,
            payload,
            path=path,
            copies=made.copies,
            nonce=fresh_nonce(run),
            credit=credit,
            held=segment.size,
            again=True,
        )
        await self._record(posting, segment, made)
        progress.total_bytes += credit
        progress.in_flight += segment.size
        await self._out.put([posting])

    async def _payload(
        self, made: OpenObject, members: Sequence[Member], segment: Segment
    ) -> bytes:
        if made.kind == ObjectKind.INDEX:
            async with self._run.catalogue.transaction() as tx:
                return await posted.page(tx, made.id)
        assert self._source is not None
        algorithm = self._run.open_realm.realm.digest
        return await to_thread.run_sync(_remake, self._source, made, members, segment, algorithm)

    async def _record(self, posting: OutgoingArticle, segment: Segment, made: OpenObject) -> None:
        """Record it durably before it is sent, under a new Message-ID if the old one is poisoned.

        A missing article is posted again under its Message-ID once. If it is missing after that
        too, the server knows the Message-ID but does not deliver the article. An article that was
        given up (`failed` after all its reposts) gets a new Message-ID at once.
        """
        run, ledger, missing = self._run, self._ledger, segment.status is SegmentStatus.MISSING
        given_up = (
            segment.status is SegmentStatus.FAILED and segment.reposts >= run.open_realm.reposts
        )
        async with ledger.lock:
            async with run.catalogue.transaction(durable=True) as tx:
                if missing:
                    await segments.count_repost(tx, segment.message_id)
                useless = given_up or (missing and segment.reposts)
                if useless and not await _keeps_names(tx, made):
                    await renamed(tx, run, posting)
                await segments.mark_sending(tx, {posting.article.message_id: posting.nonce})
            ledger.under_way[posting.article.message_id] = posting
        self._sent[segment.message_id] = posting


def _remake(
    source: SourceTree,
    made: OpenObject,
    members: Sequence[Member],
    segment: Segment,
    algorithm: DigestAlgorithm,
) -> bytes:
    """Make the payload of a planned segment from its source. Blocking.

    Raises SourceFileError when the source is not what was planned: the digest decides, not times.
    """
    if made.kind == ObjectKind.PACK:
        pack = bytearray(made.size)  # zeros where files were that only forgotten versions had
        for m in members:
            content = source.read_small(source.as_it_is(m.entry))
            pack[m.offset : m.offset + len(content)] = content
        data = bytes(pack)
    else:
        now = source.as_it_is(members[0].entry)
        with source.open(now, holes=made.size < now.size) as opened:
            data = opened.read(segment.index * made.segment_size, segment.size)
    if digest_of(algorithm, data) != segment.hash:
        raise SourceFileError(NoticeKind.CHANGED, "it changed since it was planned")
    return payload_of(data, segment.codec)


async def _keeps_names(tx: Transaction, made: OpenObject) -> bool:
    """Whether it is a root, which is found by its names alone and gets others elsewhere."""
    return made.kind == ObjectKind.INDEX and await posted.is_root(tx, made.id)


async def _stale(run: JobRun, made: OpenObject) -> None:
    """Nothing more can be sent for the object: files that still exist are read again.

    Files of earlier versions stay in it, as other copies of their segments may be posted.
    """
    async with run.catalogue.transaction(durable=True) as tx:
        await segments.mark_stale(tx, made.id)
        await files.set_stale(tx, run.folder.id, made.id, made.first_key, made.last_key)
        await objects.delete_unused(tx, made.id)
