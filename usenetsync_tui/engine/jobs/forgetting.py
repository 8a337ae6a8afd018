"""The work of jobs that delete: what only forgotten versions need, or all of a removed folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from contextlib import suppress

from usenetsync_tui.catalogue.tables import snapshots
from usenetsync_tui.catalogue.tables.forgetting import freed
from usenetsync_tui.disk.source.own_files import OwnPath
from usenetsync_tui.engine.index_realm import posted_or_why_not
from usenetsync_tui.model.folders import StoreKind
from usenetsync_tui.model.jobs import Job, JobState, Verb
from usenetsync_tui.model.outcomes import Outcome
from usenetsync_tui.model.text.figures import number, plural, size
from usenetsync_tui.model.versions.forgetting import FreedSpace
from usenetsync_tui.pipeline.forget import forget
from usenetsync_tui.pipeline.forget.compact import compact
from usenetsync_tui.pipeline.index.post_index import opened_index
from usenetsync_tui.pipeline.run.job_run import JobRun


async def erased(database: Collection[OwnPath], run: JobRun, job: Job) -> Outcome:
    """Delete what only forgotten versions need, or all that a removed folder has.

    `database`: the folders of the embedded database; none: it is a server of the user's.
    """
    left = forget.Undone()
    if job.verb is Verb.REMOVE:
        await forget.remove(run)
    else:
        left = await forget.forget(run, lambda: _told(run))
    lacked = 0
    if not run.draining:
        lacked = await compact(run, _free(database))
    await run.save_progress()
    async with run.catalogue.transaction() as tx:
        newest = await snapshots.latest_finished(tx, run.folder.id)
        if not run.draining:
            await freed.finish(tx, job.id)
        space = await freed.of_job(tx, job.id)
    run.version = newest.version if newest is not None else 0
    if run.draining:
        return Outcome(JobState.QUEUED, run.version, "interrupted; the same command continues")
    if job.verb is Verb.REMOVE:
        await forget.drop(run)
    return _outcome(run, job, space, left, lacked)


async def _told(run: JobRun) -> str:
    """Post what the index does not tell: the kept versions alone, new articles of packs.

    Returns why it is not posted.
    """
    open_realm = await opened_index(run)
    if open_realm is None:
        return ""
    return await posted_or_why_not(run, open_realm, renews=True)


def _free(database: Collection[OwnPath]) -> Callable[[], int | None]:
    """The bytes that are free where the embedded database is; None: not known."""

    def free() -> int | None:
        for own in database:
            with suppress(OSError):
                found = os.statvfs(own.path)
                return found.f_bavail * found.f_frsize
        return None

    return free


def _outcome(run: JobRun, job: Job, space: FreedSpace, left: forget.Undone, lacked: int) -> Outcome:
    removed = job.verb is Verb.REMOVE
    words = "removed" if removed else f"{plural(space.versions, 'version')} forgotten"
    if space.freed_bytes or run.folder.realm.store is not StoreKind.USENET:
        words += f"; {size(space.freed_bytes)} freed, {plural(space.articles, 'article')}"
    if space.unread_bytes:
        words += f"; {size(space.unread_bytes)} stay on Usenet, unread"
    detail = f"{number(space.files)} rows of files"
    if space.disk_before is not None and space.disk_after is not None:
        detail += f"; the database had {size(space.disk_before)}, has {size(space.disk_after)}"
    if lacked:
        detail += f"; to shrink it further, its disk lacks {size(lacked)}"
    more = _left_words(left)
    state = JobState.INCOMPLETE if more else JobState.COMPLETED
    return Outcome(state, run.version, words + more, detail=detail)


def _left_words(left: forget.Undone) -> str:
    """What a job has left undone, and why; empty: nothing."""
    words = ""
    if left.why_told:
        words += f"; its index still lists them: {left.why_told}"
    elif left.old_packs:
        words += (
            "; packs were written again, and the articles that they had stay until the next "
            "forget: a restore is under way, or the index of a version cannot tell the new ones"
        )
    if left.unread_packs:
        count = plural(left.unread_packs, "pack")
        words += f"; {count} cannot be read whole, so all of it stays: verify says what is damaged"
    return words
