"""Runs one job of the queue, from its turn to its outcome."""

from __future__ import annotations

from usenetsync_tui.catalogue.tables import jobs
from usenetsync_tui.engine.article_sizes import refuse_unpostable
from usenetsync_tui.engine.job_life import JobLife
from usenetsync_tui.engine.job_verbs import restored, verified
from usenetsync_tui.engine.newsgroups import refuse_unknown_newsgroups
from usenetsync_tui.engine.own_places import own_places
from usenetsync_tui.engine.progress.figures import queued_figures
from usenetsync_tui.engine.progress.summary import Summary
from usenetsync_tui.engine.renewal import renewed
from usenetsync_tui.engine.working_state import WorkingState
from usenetsync_tui.errors import UsenetSyncError
from usenetsync_tui.model.figures import number, plural
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.jobs import Job, JobState, Verb
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.model.transitions import JobEvent
from usenetsync_tui.pipeline.run.job_run import JobRun
from usenetsync_tui.pipeline.upload.upload import Outcome, upload
from usenetsync_tui.pipeline.verify.verify import Verified


async def work(shift: WorkingState, job: Job) -> None:
    """Run a job until it is over, a more urgent job takes its turn, or the engine drains.

    Raises what stops every job: a database that is gone.
    """
    folder = shift.queue.folder(job.folder_id)
    assert folder is not None
    try:
        if job.verb is Verb.UPLOAD:
            refuse_unpostable(folder.realm, shift.stores.settings)
            folder = await renewed(shift.catalogue, shift.stores.keys, folder)
        run = await shift.stores.run(folder, job.id, to_post=job.verb.posts)
    except UsenetSyncError as error:
        await _refuse(shift, job, folder, str(error))
        return
    mine = shift.at_work = await JobLife.begun(run)
    if mine is None:
        return
    if shift.workers is not None:
        run.crew.allowed = shift.workers
    shift.events.job_began(job.verb, folder)
    if shift.draining:
        run.drain()
    outcome = await mine.live(lambda: _perform(shift, run, job))
    shift.events.job_ended(job.verb, folder, outcome)
    if outcome.state is JobState.INCOMPLETE and _is_wanted_again(run):
        await _again(shift, job, folder)
    figures = shift.measure()
    assert figures is not None
    shift.summaries[job.id] = await mine.summary(outcome, figures)
    await shift.queue.refresh()
    shift.done_bytes += run.progress.done_bytes
    shift.done_files += run.progress.done_files
    shift.at_work = None


async def _perform(shift: WorkingState, run: JobRun, job: Job) -> Outcome:
    match job.verb:
        case Verb.UPLOAD:
            own = own_places(shift.settings, shift.locations, shift.database, run.folder)
            run.allow_shrink = job.allow_shrink or run.allow_shrink
            await refuse_unknown_newsgroups(shift, run)
            return await upload(run, own)
        case Verb.RESTORE:
            outcome = await restored(run, job)
            return _with(outcome, f"restored to {safe_name(job.target or b'')}")
        case Verb.VERIFY:
            outcome, found = await verified(run, job)
            return _with(outcome, _words(found))


def _with(outcome: Outcome, words: str) -> Outcome:
    """Add words for the queue's log to the message of a job that ran to its end."""
    if not outcome.state.is_over:
        return outcome
    return Outcome(outcome.state, outcome.version, f"{outcome.message}; {words}")


def _words(found: Verified) -> str:
    words = f"{plural(found.checked, 'article')} checked"
    if found.missing or found.damaged:
        words += f", {number(found.missing)} missing, {number(found.damaged)} damaged"
        words += f", {number(found.reposted)} posted again"
    if found.unknown:
        words += f", {number(found.unknown)} unknown"
    return words


def _is_wanted_again(run: JobRun) -> bool:
    """Whether the user retried something that this run could not take up."""
    return run.turnstile.goes_on


async def _again(shift: WorkingState, job: Job, folder: Folder) -> None:
    async with shift.catalogue.transaction(durable=True) as tx:
        await jobs.change_state(tx, job.id, JobEvent.RETRY)
    shift.events.info(f"{job.verb} of {folder.name} continues with the retried files")


async def _refuse(shift: WorkingState, job: Job, folder: Folder, words: str) -> None:
    """End a job that cannot begin with the current settings, or without its key."""
    async with shift.catalogue.transaction(durable=True) as tx:
        await jobs.set_state(tx, job.id, JobState.FAILED, words)
    outcome = Outcome(JobState.FAILED, 0, words)
    shift.events.job_ended(job.verb, folder, outcome)
    shift.summaries[job.id] = Summary(folder, outcome, queued_figures(job, folder), None, (), 0)
    await shift.queue.refresh()
