"""send: posts and checks what is planned of an index.

Knows that an article is recorded as `sending` before it leaves, so that a `planned` one never left,
and many are recorded in one transaction. The store is asked only for those that an earlier run
planned: the catalogue may be a restored backup. All other articles are left to `posting.settle`,
and nothing waits for checks where none is due.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from usenetsync_tui.catalogue.tables import checks, objects, segments
from usenetsync_tui.catalogue.tables.index import posted
from usenetsync_tui.catalogue.tables.objects import OpenObject
from usenetsync_tui.catalogue.tables.segments import RowKey
from usenetsync_tui.model.segments import ObjectKind, Segment, SegmentStatus
from usenetsync_tui.model.text.figures import plural
from usenetsync_tui.pipeline.posting.articles import posting_of
from usenetsync_tui.pipeline.posting.ledger import Ledger, OutgoingArticle, fresh_nonce
from usenetsync_tui.pipeline.posting.posting_lanes import posting_lanes
from usenetsync_tui.pipeline.run.job_run import JobRun
from usenetsync_tui.pipeline.run.lane_queue import LaneQueue
from usenetsync_tui.pipeline.verify.check import finish_checks, repost

_PAGE = 64
"""Pages of an index that are read, and may be recorded, in one transaction."""


async def send(run: JobRun) -> str:
    """Post and check all that is planned; returns why something of the pages is left."""
    words = ""
    if await _send_new(run):
        await repost(run, None)
    left = await left_of(run)
    if left.unverified or left.missing:
        words = await finish_checks(run, None)
        left = await left_of(run)
    if left.unposted:
        return f"{plural(left.unposted, 'article')} not posted" + (left.reply and f": {left.reply}")
    if left.unverified:
        return f"{plural(left.unverified, 'article')} not verified" + (words and f": {words}")
    return ""


class Left(NamedTuple):
    """What is left of the index, in articles."""

    waits: bool
    """Whether any is not posted."""
    unposted: int
    """Of the pages of the newest versions."""
    reply: str
    """What the store said about one of these."""
    unverified: int
    missing: int

    @property
    def is_any(self) -> bool:
        """Whether an article must be posted or checked."""
        return self.waits or bool(self.unverified or self.missing)


async def left_of(run: JobRun) -> Left:
    """What is left of the index of the run's folder."""
    folder, realm = run.folder.id, run.open_realm.realm.id
    async with run.catalogue.transaction() as tx:
        waits = await posted.has_unposted(tx, folder, realm)
        count, reply = await posted.unposted_pages(tx, folder, realm) if waits else (0, None)
        unverified = await checks.unverified(tx, folder, realm)
        missing = await checks.missing(tx, folder, realm) if waits else 0
        return Left(waits, count, reply or "", unverified, missing)


class _Waiting(NamedTuple):
    """A page or root, and those of its articles that are not posted."""

    made: OpenObject
    articles: list[Segment]

    @property
    def is_new(self) -> bool:
        """Whether none of its articles was ever sent."""
        planned = SegmentStatus.PLANNED
        return all(a.status is planned and not (a.reposts or a.by_body) for a in self.articles)

    @property
    def held(self) -> int:
        """Bytes of its articles together."""
        return sum(article.size for article in self.articles)


async def _send_new(run: JobRun) -> bool:
    """Post all pages and roots that were never sent; whether others are left to `settle`.

    `run`: in the realm of the folder's index.
    """
    ledger = Ledger(lock=run.catalogue.ledger_lock, counts=False)
    run.progress.phase, run.stages[:] = "repost", []
    after, are_others = 0, False
    async with posting_lanes(run, ledger) as out:
        while not run.draining:
            async with run.catalogue.transaction() as tx:
                page = await objects.incomplete_page(tx, run.folder.id, after, _PAGE)
                waiting = [
                    _Waiting(made, await segments.unposted(tx, made.id, (-1, 0), made.copies))
                    for made in page
                    if made.kind == ObjectKind.INDEX and made.realm_id == run.open_realm.realm.id
                ]
            new = [each for each in waiting if each.is_new]
            are_others = are_others or len(new) < len(waiting)
            for batch in _batches(new, run.budget.most // 4):
                await _send_batch(run, ledger, batch, out)
            if len(page) < _PAGE:
                break
            after = page[-1].id
    return are_others


def _batches(waiting: Sequence[_Waiting], room: int) -> Iterator[list[_Waiting]]:
    """Cut into batches of at most `room` bytes, or of one page."""
    batch: list[_Waiting] = []
    held = 0
    for each in waiting:
        if batch and held + each.held > room:
            yield batch
            batch, held = [], 0
        batch.append(each)
        held += each.held
    if batch:
        yield batch


async def _send_batch(
    run: JobRun, ledger: Ledger, batch: Sequence[_Waiting], out: LaneQueue[OutgoingArticle]
) -> None:
    """Record a batch durably, then let the lanes have it."""
    await run.gate.passed()
    if run.draining:
        return
    held = sum(each.held for each in batch)
    await run.budget.take(held)  # at once: nobody waits for room while he holds some
    try:
        async with ledger.lock:
            async with run.catalogue.transaction(durable=True) as tx:
                outgoing = []
                for made, articles in batch:
                    data = await posted.page(tx, made.id)
                    outgoing += [_outgoing(run, made, article, data) for article in articles]
                names = {posting.article.message_id: posting.nonce for posting in outgoing}
                await segments.mark_sending(tx, names)
            ledger.under_way |= {posting.article.message_id: posting for posting in outgoing}
    except BaseException:
        run.budget.give(held)
        raise
    run.progress.in_flight += held
    await out.put(outgoing)


def _outgoing(run: JobRun, made: OpenObject, article: Segment, data: bytes) -> OutgoingArticle:
    posting = posting_of(
        run,
        made,
        article,
        data,
        path=b"",
        copies=made.copies,
        nonce=fresh_nonce(run),
        credit=0,  # it is none of the content that the figures count
        held=article.size,
        # A page of an earlier run may have been sent: the catalogue may be a restored backup.
        again=made.id not in run.new_pages,
    )
    posting.row = RowKey(article.object_id, article.index, article.redundancy)
    return posting
