"""Runs one job of the queue, from its turn to its outcome."""

from __future__ import annotations

from usenetsync_tui.catalogue.tables import jobs
from usenetsync_tui.engine.article_sizes import refuse_unpostable
from usenetsync_tui.engine.index_realm import not_continued, with_index
from usenetsync_tui.engine.jobs.job_life import JobLife
from usenetsync_tui.engine.newsgroups import refuse_unknown_newsgroups
from usenetsync_tui.engine.own_paths import own_paths
from usenetsync_tui.engine.progress.figures import queued_figures
from usenetsync_tui.engine.renewal import renewed
from usenetsync_tui.engine.requests import keeping
from usenetsync_tui.engine.working_state import WorkingState
from usenetsync_tui.errors import UsenetSyncError
from usenetsync_tui.model.competition import limits_of
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.jobs import Job, JobState, Verb
from usenetsync_tui.model.outcomes import Outcome, Summary
from usenetsync_tui.model.transitions import JobEvent
from usenetsync_tui.pipeline.run.job_run import JobRun
from usenetsync_tui.pipeline.upload.upload import upload

_FINISHED = (JobState.COMPLETED, JobState.INCOMPLETE)
"""How an upload ends whose version is finished."""


async def work(working_state: WorkingState, job: Job) -> None:
    """Run a job until it is over, a more urgent job takes its turn, or the engine drains.

    Raises what stops every job: a database that is gone.
    """
    folder = working_state.queue.folder(job.folder_id)
    assert folder is not None
    try:
        if job.verb is Verb.UPLOAD:
            refuse_unpostable(folder.realm, working_state.stores.settings)
            folder = await renewed(working_state.catalogue, working_state.stores.keys, folder)
        run = await working_state.stores.run(
            folder,
            job.id,
            to_post=job.verb.posts,
            limits=limits_of(job.verb, working_state.stores.settings.limits),
        )
    except UsenetSyncError as error:
        await _refuse(working_state, job, folder, str(error))
        return
    life = await JobLife.begun(run)
    if life is None:
        await working_state.queue.refresh()
        return
    working_state.running[job.id] = life
    try:
        working_state.share_workers()
        await _live(working_state, life)
    finally:
        del working_state.running[job.id]
        working_state.share_workers()


async def _live(working_state: WorkingState, life: JobLife) -> None:
    """Run a job that has begun, and record how it ended."""
    run, job, folder = life.run, life.job, life.run.folder
    working_state.events.job_began(job.verb, folder)
    if working_state.draining:
        run.drain()
    outcome = await life.live(lambda: _perform(working_state, run, job))
    working_state.events.job_ended(job.verb, folder, outcome)
    if outcome.state is JobState.INCOMPLETE and _is_wanted_again(run):
        await _again(working_state, job, folder)
    elif job.verb is Verb.UPLOAD and outcome.state in _FINISHED:
        await keeping.run_rules(working_state, folder.id)
    figures = life.figures(working_state.queue.job(job.id))
    working_state.summaries[job.id] = await life.summary(outcome, figures)
    await working_state.queue.refresh()
    working_state.done_bytes += run.progress.own_bytes
    working_state.done_files += run.progress.own_files


async def _perform(working_state: WorkingState, run: JobRun, job: Job) -> Outcome:
    if job.verb is not Verb.UPLOAD:  # which needs nothing of what the others need
        return await _perform_other(working_state, run, job)
    own = own_paths(
        working_state.settings,
        working_state.locations,
        working_state.database,
        run.folder.own_files,
    )
    run.allow_shrink = job.allow_shrink or run.allow_shrink
    run.global_patterns = working_state.settings.global_patterns
    await refuse_unknown_newsgroups(working_state, run)
    await not_continued(run)
    return await with_index(working_state.stores, run, await upload(run, own))


async def _perform_other(working_state: WorkingState, run: JobRun, job: Job) -> Outcome:
    from usenetsync_tui.engine.jobs.forgetting import erased
    from usenetsync_tui.engine.jobs.job_verbs import indexed, restored, verified

    match job.verb:
        case Verb.RESTORE:
            return await restored(run, job, working_state.guarded)
        case Verb.INDEX:
            return await indexed(working_state.stores, run, job)
        case Verb.VERIFY:
            return await verified(run, job)
        case Verb.FORGET | Verb.REMOVE:
            return await erased(working_state.database, run, job)
        case Verb.UPLOAD | Verb.ADOPT:
            raise AssertionError(f"{job.verb} is no such job")


def _is_wanted_again(run: JobRun) -> bool:
    """Whether the user retried something that this run could not take up."""
    return run.action_gate.needs_another_run


async def _again(working_state: WorkingState, job: Job, folder: Folder) -> None:
    async with working_state.catalogue.transaction(durable=True) as tx:
        await jobs.change_state(tx, job.id, JobEvent.RETRY)
    working_state.events.info(f"{job.verb} of {folder.name} continues with the retried files")


async def _refuse(working_state: WorkingState, job: Job, folder: Folder, words: str) -> None:
    """End a job that cannot begin with the current settings, or without its key."""
    async with working_state.catalogue.transaction(durable=True) as tx:
        await jobs.set_state(tx, job.id, JobState.FAILED, words)
    outcome = Outcome(JobState.FAILED, 0, words)
    working_state.events.job_ended(job.verb, folder, outcome)
    working_state.summaries[job.id] = Summary(
        folder, outcome, queued_figures(job, folder), None, (), 0
    )
    await working_state.queue.refresh()
