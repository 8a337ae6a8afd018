"""check: look for what was posted, on the schedule of its place, and post again what is lost.

An acknowledged article can be read only after a while: it is looked for after the first
delay, and if it is not there after the next ones, each longer. Looking goes on beside the
posting, on connections of its own. What is not there at the end of the schedule is missing:
it is posted again once under its own Message-ID, then under a new one (see `settle`).
"""

from __future__ import annotations

from collections import Counter

import anyio
from anyio import to_thread

from usenetsync_tui.catalogue import checks, objects, segments, snapshots
from usenetsync_tui.catalogue.checks import Due, Lacking
from usenetsync_tui.errors import StoreUnavailableError, StoreUnusableError
from usenetsync_tui.model.entries import Notice, NoticeKind
from usenetsync_tui.pipeline.judge import require_source
from usenetsync_tui.pipeline.ledger import REPOSTS, Ledger
from usenetsync_tui.pipeline.outgoing import outgoing
from usenetsync_tui.pipeline.run import Run, Stage
from usenetsync_tui.pipeline.settle import settle
from usenetsync_tui.pipeline.source import SourceTree

_EVERY = 1.0
"""Seconds between two looks at what is due."""
_SILENT = 5
"""Looks in a row without an answer, after which the rest is left to a later run."""


async def watch(run: Run, ledger: Ledger) -> None:
    """Look for what is due, until cancelled."""
    while run.place.checks:
        await look(run, ledger)
        await anyio.sleep(_EVERY)


async def see_through(run: Run, source: SourceTree) -> None:
    """Return when everything posted has been found, or posted again and found, or given up."""
    silent = 0
    while run.place.checks and not run.draining:
        await run.gate.passed()
        words = await look(run, Ledger())
        silent = silent + 1 if words else 0
        if silent >= _SILENT:
            await run.notice(Notice(NoticeKind.SKIPPED, b"", f"posted, but not verified: {words}"))
            return
        before = await _missing(run)
        if before and not run.draining:
            await repost(run, source)
            if await _missing(run) >= before:
                return  # they cannot be made again from here
            continue
        async with run.catalogue.transaction() as tx:
            seconds = await checks.next_due(tx, run.place.realm.id)
        if seconds is None:
            return
        run.progress.phase = "verify"
        await anyio.sleep(min(_EVERY, max(0.05, seconds)) if not silent else silent * _EVERY)


async def mend(run: Run) -> int:
    """Post again from the folder what is missing, and look for it; returns how much was mended.

    Raises SourceError when the folder is not there, or not what it was.
    """
    before = await _lacking(run)
    if not before.sendable:
        return 0
    await require_source(run)
    source = await to_thread.run_sync(SourceTree, run.folder.path)
    with source:
        await repost(run, source)
        await see_through(run, source)
    async with run.catalogue.transaction() as tx:
        await snapshots.mend(tx, run.folder.id)
    return before.articles - (await _lacking(run)).articles


async def repost(run: Run, source: SourceTree) -> None:
    """Send what is missing again, from its source."""
    run.progress.phase, ledger = "repost", Ledger()
    reading = Stage("read", 1)
    run.stages[:] = [reading]
    async with outgoing(run, ledger) as out:
        await settle(run, ledger, source, reading.slots[0], out.clone())


async def _lacking(run: Run) -> Lacking:
    async with run.catalogue.transaction() as tx:
        return await checks.lacking(tx, run.folder.id, run.place.realm.id)


async def _missing(run: Run) -> int:
    async with run.catalogue.transaction() as tx:
        return await checks.missing(tx, run.folder.id, run.place.realm.id)


async def look(run: Run, ledger: Ledger) -> str:
    """Ask the store for all articles that are due.

    A store that does not answer says nothing of them: its words are returned.
    """
    place = run.place
    while not run.draining:
        async with run.catalogue.transaction() as tx:
            page = await checks.due(tx, place.realm.id, run.limits.batch_size)
        if not page:
            break
        try:
            there = await place.store.present({d.segment.message_id for d in page})
        except (StoreUnavailableError, StoreUnusableError) as silence:
            return str(silence)
        async with ledger.lock:
            await _record(run, page, there)
    return ""


async def _record(run: Run, page: list[Due], there: set[bytes]) -> None:
    found = [d.segment for d in page if d.segment.message_id in there]
    looks, reposted = Counter[bytes](), Counter[bytes]()
    for segment, done in page:  # the rows of one article may have come at different times
        name = segment.message_id
        if name not in there:
            looks[name] = max(looks[name], done + 1)
            reposted[name] = max(reposted[name], segment.reposts)
    delays = {n: run.place.checks[c] for n, c in looks.items() if c < len(run.place.checks)}
    lost = {n: reposted[n] for n, c in looks.items() if c >= len(run.place.checks)}
    given_up = [name for name, reposts in lost.items() if reposts >= REPOSTS]
    async with run.catalogue.transaction() as tx:
        await segments.mark_verified(tx, found)
        await checks.postpone(tx, delays)
        rows = await segments.mark_missing(tx, list(lost), "posted, but not there")
        gone = await objects.add_posted(tx, Counter({o: -n for o, n in rows.items()}))
        await snapshots.doubt(tx, [o.id for o in gone])
        for name in given_up:
            words = f"posted {REPOSTS + 1} times, and never there to be read"
            await segments.mark_failed(tx, name, 0, words)
    run.progress.verified += len(found)
