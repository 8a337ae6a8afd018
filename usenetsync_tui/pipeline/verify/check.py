"""check: asks for posted articles on the schedule of their realm, and posts lost ones again.

An acknowledged article can be read only after a while. `check` asks for it after the first delay
and, if it is not there, after the next ones, each longer; this runs beside the posting, on
connections of its own. An article that is not there at the end of the schedule is missing: it is
posted again once under its own Message-ID, then under a new one (see `posting.settle`). If its
bytes could not be fetched before, it is checked by fetching it. An article without a clear answer
is asked for again, and counts neither as there nor as missing.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass

import anyio
from anyio import to_thread

from usenetsync_tui.catalogue.tables import checks, objects, segments, snapshots
from usenetsync_tui.catalogue.tables.checks import Due, Lacking
from usenetsync_tui.disk.source.source_tree import SourceTree
from usenetsync_tui.errors import StoreUnavailableError, StoreUnusableError
from usenetsync_tui.model.folders import StoreKind
from usenetsync_tui.model.ports.stores import OpenRealm
from usenetsync_tui.model.text.figures import plural
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.model.waiting import Waiting, WaitsFor
from usenetsync_tui.pipeline.posting.ledger import Ledger
from usenetsync_tui.pipeline.posting.posting_lanes import posting_lanes
from usenetsync_tui.pipeline.posting.settle import settle
from usenetsync_tui.pipeline.run.job_run import JobRun, Stage
from usenetsync_tui.pipeline.run.judge import require_source
from usenetsync_tui.pipeline.verify.prove import Proof, prove

_EVERY = 1.0
"""Seconds between two checks of the articles that are due."""
_SILENT = 5
"""Checks in a row without a clear answer, while no other article waits for its turn, after which
the rest is left to a later run."""
_PUT_OFF = 0.5
"""Seconds until an article without a clear answer is asked for again; longer each time."""
_AFTER_REPAIR = (0.0, 1.0, 4.0, 15.0)
"""The schedule for reposted articles in a store whose acknowledgements are otherwise trusted."""

_NOT_THERE = "posted, but not found"
_NO_BYTES = "posted again, but its bytes cannot be fetched"


@dataclass(slots=True)
class DueChecked:
    """The result of checking all articles that are due."""

    clear: bool = False
    """Whether some articles got a clear answer: there, or not."""
    words: str = ""
    """Why others got none."""
    usable: bool = True
    """False: no article at all can be checked now."""


@value_object
class Repaired:
    """The result of posting again, in articles."""

    seen: int = 0
    """Posted again and then found."""
    unverified: int = 0
    """Posted again, but not found, as there was no clear answer."""
    words: str = ""
    """Why there was none."""


async def watch(run: JobRun, ledger: Ledger) -> None:
    """Check the articles that are due, until cancelled."""
    while run.open_realm.checks:
        await check_due(run, ledger)
        await anyio.sleep(_EVERY)


async def finish_checks(run: JobRun, source: SourceTree | None) -> str:
    """Wait until every posted article is found, posted again and found, or given up.

    `source`: None in the realm of an index.

    Articles still without a clear answer are left to a later run; returns the reason.
    """
    silent = hopeless = 0
    words, left = "", None
    while not run.draining:
        await run.gate.passed()
        checked = await check_due(run, Ledger(lock=run.catalogue.ledger_lock))
        words = checked.words or words
        silent = 0 if checked.clear or await _others_wait(run) else silent + bool(checked.words)
        if not checked.usable or silent >= _SILENT:
            break
        if await _missing(run) > hopeless and not run.draining:
            await repost(run, source)
            hopeless = await _missing(run)  # these cannot be made again from this folder
            continue
        async with run.catalogue.transaction() as tx:
            seconds = await checks.next_due(tx, run.open_realm.realm.id, _longest(run.open_realm))
        if seconds is None:
            break
        run.progress.phase = "verify"
        pause = silent * _PUT_OFF if silent else min(_EVERY, max(0.05, seconds))
        if left is None or checked.clear:  # a count is not free
            left = await unverified_articles(run)
        words_left = plural(left, "article")
        waiting = Waiting(
            f"checking {words_left}", max(pause, seconds), " in", what=WaitsFor.SCHEDULE
        )
        with run.waits.announced(waiting):
            await anyio.sleep(pause)
    return words


async def repair(run: JobRun) -> Repaired:
    """Post missing articles again from the folder, and check them.

    Raises SourceError when the folder is missing, or not that of the last version.
    """
    before, pending = await lacking(run), await unverified_articles(run)
    if not before.sendable:
        return Repaired()
    await require_source(run)
    with await open_source(run) as source:
        await repost(run, source)
        words = await finish_checks(run, source)
    async with run.catalogue.transaction() as tx:
        await snapshots.mark_repaired(tx, run.folder.id)
    after = await lacking(run)
    unverified = max(0, await unverified_articles(run) - pending)
    return Repaired(max(0, before.articles - after.articles - unverified), unverified, words)


async def open_source(run: JobRun) -> SourceTree:
    """Open the run's folder for reading. Raises SourceError when it is missing."""
    folder = run.folder
    return await to_thread.run_sync(
        lambda: SourceTree(folder.path, ignore_inode=folder.ignores_inode)
    )


async def repost(run: JobRun, source: SourceTree | None) -> None:
    """Post missing articles again, from their source; None: those of an index.

    The run's figures have counted them, or they are none of its content.
    """
    run.progress.phase = "repost"
    ledger = Ledger(lock=run.catalogue.ledger_lock, counts=False)
    reading = Stage("read", 1)
    run.stages[:] = [reading]
    async with posting_lanes(run, ledger) as out:
        await settle(run, ledger, source, reading.slots[0], out)


async def unverified_articles(run: JobRun) -> int:
    """How many posted articles of the folder must be checked and were not found so far."""
    async with run.catalogue.transaction() as tx:
        return await checks.unverified(tx, run.folder.id, run.open_realm.realm.id)


async def lacking(run: JobRun) -> Lacking:
    """How many articles of the folder in its realm are not posted."""
    async with run.catalogue.transaction() as tx:
        return await checks.lacking(tx, run.folder.id, run.open_realm.realm.id)


async def _missing(run: JobRun) -> int:
    async with run.catalogue.transaction() as tx:
        return await checks.missing(tx, run.folder.id, run.open_realm.realm.id)


async def _others_wait(run: JobRun) -> bool:
    """Whether articles are due later than those that were put off."""
    async with run.catalogue.transaction() as tx:
        return await checks.waits(tx, run.open_realm.realm.id, _PUT_OFF)


def _schedule(open_realm: OpenRealm) -> tuple[float, ...]:
    return open_realm.checks or _AFTER_REPAIR


def _longest(open_realm: OpenRealm) -> float:
    """Most seconds that an article waits for its next check."""
    return max(*_schedule(open_realm), _EVERY)


async def check_due(run: JobRun, ledger: Ledger) -> DueChecked:
    """Ask the store for all articles that are due; those without a clear answer are put off."""
    open_realm, checked, silent = run.open_realm, DueChecked(), 0
    await _adjust_to_clock(run)
    while not run.draining and silent < _SILENT:
        async with run.catalogue.transaction() as tx:
            page = await checks.due(
                tx, open_realm.realm.id, _longest(open_realm), run.limits.batch_size
            )
        if not page:
            break
        try:
            proof = await _ask(run, page)
        except (StoreUnavailableError, StoreUnusableError) as failure:
            checked.words = str(failure)
            checked.usable = not isinstance(failure, StoreUnusableError)
            break
        async with ledger.lock:
            await _record(run, page, proof)
        clear = bool(proof.there or proof.missing or proof.damaged)
        silent = 0 if clear else silent + 1
        checked.clear = checked.clear or clear
        checked.words = next(iter(proof.unknown.values()), checked.words)
    return checked


async def _adjust_to_clock(run: JobRun) -> None:
    async with run.catalogue.transaction() as tx:
        back = run.clock.set_back(await checks.database_clock(tx), time.monotonic())
        if back:
            await checks.bring_forward(tx, run.open_realm.realm.id, back)


async def _ask(run: JobRun, page: list[Due]) -> Proof:
    """Ask for a page of articles; fetch those that only their bytes prove."""
    open_realm = run.open_realm
    by_body = {d.segment.message_id for d in page if d.segment.by_body}
    proof = Proof()
    if by_body:
        bodies = (d.segment for d in page if d.segment.message_id in by_body)
        proof = await prove(run, open_realm, bodies)
    asked = {d.segment.message_id for d in page} - by_body
    if asked:
        found = await open_realm.store.present(asked)
        proof.there |= found.there
        proof.unknown |= found.unknown
        proof.missing |= asked - found.there - found.unknown.keys()
    return proof


async def _record(run: JobRun, page: list[Due], proof: Proof) -> None:
    gone = proof.missing | proof.damaged
    found = [d.segment for d in page if d.segment.message_id in proof.there]
    attempts, reposted = Counter[bytes](), Counter[bytes]()
    for segment, done in page:  # the rows of one article may be of different ages
        name = segment.message_id
        if name in gone:
            attempts[name] = max(attempts[name], done + 1)
            reposted[name] = max(reposted[name], segment.reposts)
    schedule = _schedule(run.open_realm)
    delays = {n: schedule[c] for n, c in attempts.items() if c < len(schedule)}
    lost = {n: reposted[n] for n, c in attempts.items() if c >= len(schedule)}
    by_body = {d.segment.message_id for d in page if d.segment.by_body} & lost.keys()
    given_up = [name for name, reposts in lost.items() if reposts >= run.open_realm.reposts]
    on_usenet = run.open_realm.realm.store is StoreKind.USENET
    async with run.catalogue.transaction() as tx:
        await segments.mark_verified(tx, found)
        await checks.postpone(tx, delays, _longest(run.open_realm))
        await checks.check_later(tx, proof.unknown.keys(), _PUT_OFF)
        rows = await segments.mark_missing(tx, lost.keys() - by_body, _NOT_THERE)
        rows += await segments.mark_missing(tx, by_body, _NO_BYTES, by_body=True, rename=on_usenet)
        await objects.take_back(tx, [object_id for object_id, _ in rows])
        for name in given_up:
            posts = run.open_realm.reposts + 1
            times = "once" if posts == 1 else f"{posts} times"
            words = f"posted {times}, but never found"
            await segments.mark_failed(tx, name, 0, _NO_BYTES if name in by_body else words)
    run.progress.verified += len(found)
