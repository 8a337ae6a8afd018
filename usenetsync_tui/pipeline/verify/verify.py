"""verify: checks that every article of a folder is still there (and, with bodies, undamaged).

Other articles become `missing` in the ledger: `check.repair`, or the next upload, posts them again
from the source. An article without a clear answer is unknown: counted, and neither missing nor
verified. If a fetch could not get an article's body, STAT is not trusted for it until its bytes
have been fetched.
"""

from __future__ import annotations

import math

import anyio

from usenetsync_tui.catalogue.session import Transaction
from usenetsync_tui.catalogue.tables import checks, jobs, sweeps
from usenetsync_tui.errors import leading_error
from usenetsync_tui.model.entries import NoticeKind
from usenetsync_tui.model.outcomes import Verified
from usenetsync_tui.model.sweeps import Scope, Sweep
from usenetsync_tui.model.text.figures import plural
from usenetsync_tui.pipeline.run.fetch import WORDS
from usenetsync_tui.pipeline.run.job_run import JobRun, Stage
from usenetsync_tui.pipeline.verify.lanes import ASKED_AT_ONCE, checking_lanes, fetchers
from usenetsync_tui.pipeline.verify.pages import UnderWay, pages
from usenetsync_tui.pipeline.verify.record import Recorder

_MOST_PAGES = 32
"""Most pages of articles under way: some 20 MB with the default batch size."""
_PAGES_OF_BODIES = 4


async def verify(run: JobRun, *, bodies: bool, sample: int = 1) -> Verified:
    """Sweep the ledger of the run's folder, or continue the sweep that was interrupted.

    `bodies` fetches and checks every payload. `sample`: only one of so many parts of the articles,
    in each sweep the next part.
    """
    scope = Scope(run.folder.id, bodies, sample)
    run.progress.phase = "verify"
    async with run.catalogue.transaction() as tx:
        sweep = await sweeps.under_way(tx, scope)
        is_continued = sweep is not None
        if sweep is None:
            sweep = await _begin(tx, run, scope)
        else:
            await _continue(tx, run, scope, sweep)
        size, files = await sweeps.total(tx, run.folder.id)
    run.progress.total_files = files // sample  # of a sample, an estimate until its end
    run.progress.total_bytes = size // sample + sweep.lost_bytes
    _show_earlier(run, sweep)
    run.progress.scanned = True
    recorder = Recorder(run, scope, sweep)
    try:
        await _sweep(run, scope, recorder)
    except ExceptionGroup as several:
        raise leading_error(several) from None
    await run.catalogue.flush()
    if not run.draining:
        # Other programs may have changed what there is to check meanwhile.
        run.progress.total_files = run.progress.done_files
        run.progress.total_bytes = run.progress.done_bytes
    return _verified(recorder.sweep, sample, is_continued=is_continued)


async def finished(run: JobRun, *, bodies: bool, sample: int = 1) -> None:
    """Record that a sweep, and the repair of what it found, are over."""
    async with run.catalogue.transaction(durable=True) as tx:
        await sweeps.finish(tx, Scope(run.folder.id, bodies, sample))


async def _begin(tx: Transaction, run: JobRun, scope: Scope) -> Sweep:
    """Begin a sweep: known losses need not be checked again."""
    await jobs.clear_notices(tx, run.job_id)
    known, damaged = await checks.lost_articles(tx, run.folder.id, WORDS[NoticeKind.DAMAGED])
    return await sweeps.begin(
        tx, scope, run.job_id, known_missing=known - damaged, known_damaged=damaged
    )


async def _continue(tx: Transaction, run: JobRun, scope: Scope, sweep: Sweep) -> None:
    """Continue a sweep: what it has found so far is reported by this job."""
    is_own = sweep.job_id == run.job_id
    await jobs.clear_notices(tx, run.job_id, tuple(WORDS) if is_own else ())
    await sweeps.take_over(tx, scope, run.job_id)
    after = 0
    while page := await jobs.notices(tx, run.job_id, after, run.limits.batch_size):
        run.noticed([notice for _, notice in page])
        after = page[-1][0]


def _show_earlier(run: JobRun, sweep: Sweep) -> None:
    progress = run.progress
    progress.done_files = progress.earlier_files = sweep.done_files
    progress.done_bytes = progress.earlier_bytes = sweep.done_bytes


async def _sweep(run: JobRun, scope: Scope, recorder: Recorder) -> None:
    """Read, check and record pages, several at a time."""
    size, most = _sizes(run, bodies=scope.bodies)
    under_way = UnderWay(run, most)
    async with anyio.create_task_group() as recording:
        async with checking_lanes(run, bodies=scope.bodies) as lanes:
            recording.start_soon(_record, run, recorder, under_way)
            async with anyio.create_task_group() as waking:
                waking.start_soon(under_way.wake_when_draining)
                async for page in pages(run, scope, recorder.sweep, size):
                    await under_way.put(page)
                    await lanes.check(page)
                waking.cancel_scope.cancel()
        under_way.close()


def _sizes(run: JobRun, *, bodies: bool) -> tuple[int, int]:
    """(articles in a page, pages under way): enough for every lane, so that none waits for the
    slowest, and no more, since an interrupted sweep checks these again."""
    store, batch = run.open_realm.store, run.limits.batch_size
    if bodies:
        return min(batch, 2 * fetchers(run, store)), _PAGES_OF_BODIES
    asked = 3 * store.inquiries * ASKED_AT_ONCE
    return batch, min(_MOST_PAGES, max(2, math.ceil(asked / batch)))


async def _record(run: JobRun, recorder: Recorder, under_way: UnderWay) -> None:
    """Record pages in their order; none after one that is not checked to its end."""
    stage = Stage("record", 1, under_way)
    run.stages.append(stage)
    is_whole = True
    while (page := await under_way.next()) is not None:
        if is_whole:
            with stage.slots[0].working(b"", plural(len(page.articles), "article")):
                is_whole = await recorder.record(page)
            stage.done += 1
    assert is_whole or run.draining, "the lanes have ended before they checked every article"


def _verified(sweep: Sweep, sample: int, *, is_continued: bool) -> Verified:
    return Verified(
        checked=sweep.checked,
        missing=sweep.missing,
        damaged=sweep.damaged,
        unknown=sweep.unknown,
        why_unknown=sweep.why_unknown,
        sample=sample,
        part=sweep.part,
        continued_from=sweep.began_at if is_continued else None,
    )
