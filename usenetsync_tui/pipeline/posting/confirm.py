"""confirm: record the store's acknowledgements, batch by batch.

Acknowledgements commit lazily: if one is lost, the next run asks the store about that article.
"""

from __future__ import annotations

import time

from usenetsync_tui.catalogue.session import Transaction
from usenetsync_tui.catalogue.tables import segments, snapshots
from usenetsync_tui.catalogue.tables.objects import Progressed
from usenetsync_tui.model.segments import Receipt
from usenetsync_tui.model.text.figures import plural
from usenetsync_tui.pipeline.posting.ledger import Ledger, OutgoingArticle
from usenetsync_tui.pipeline.posting.posted import Posted
from usenetsync_tui.pipeline.run.handover import Handover
from usenetsync_tui.pipeline.run.job_run import JobRun, Stage

_BATCH = 256
_ENOUGH = 128
"""Answers that wait for no others: the lanes stop when twice as many wait."""
_PATIENCE = 0.2
"""Seconds an answer may wait for others to share its transaction; it holds no payload then."""
_SAVE_EVERY = 1.0


async def confirm(
    run: JobRun, ledger: Ledger, stage: Stage, posting: Stage, answers: Handover[Posted]
) -> None:
    """The confirming task: records the answers of the `posting` stage until they end."""
    saved = time.monotonic()
    # An article holds its room in memory until it is recorded: a quarter of it may wait here.
    enough = min(_ENOUGH, run.budget.most // run.limits.chunk_size // 4)
    async for batch in answers.batches(_BATCH, _PATIENCE, max(1, enough)):
        posting.done += len(batch)
        with stage.slots[0].working(b"", plural(len(batch), "article")):
            await record_acknowledgements(run, ledger, batch)
        stage.done += len(batch)
        if time.monotonic() - saved > _SAVE_EVERY:
            await run.save_progress()
            saved = time.monotonic()


async def record_acknowledgements(run: JobRun, ledger: Ledger, batch: list[Posted]) -> None:
    """Record answers, receipts and errors alike, and count what they finish."""
    receipts: dict[bytes, Receipt] = {}
    there: list[OutgoingArticle] = []
    failed: list[Posted] = []
    payload = 0
    for answer in batch:
        if answer.receipt is None:
            failed.append(answer)
            continue
        receipts[answer.posting.article.message_id] = answer.receipt
        there.append(answer.posting)
        payload += answer.payload
    check_after = next(iter(run.open_realm.checks), None)

    async def record(tx: Transaction) -> list[Progressed]:
        if payload:
            await snapshots.add_stored(tx, run.folder.id, run.version, payload)
        for answer in failed:
            name, words = answer.posting.article.message_id, answer.error or ""
            await segments.mark_failed(tx, name, int(answer.charged), words)
        return await segments.mark_posted(tx, receipts, check_after, rows)

    async with ledger.lock:
        rows = {p.article.message_id: p.row for p in there if p.row is not None}
        progressed = await run.catalogue.in_thread(record, pipelined=True)
        for answer in batch:
            ledger.under_way.pop(answer.posting.article.message_id, None)
        ledger.progressed(run, progressed)
    progress = run.progress
    progress.posted_bytes += payload
    progress.done_bytes += sum([p.credit for p in there])
    run.released(sum([a.posting.released for a in batch]))
