"""`usenetsync jobs`: the latest jobs, and the result of one. Never needs the lock."""

from __future__ import annotations

from collections.abc import Sequence

import click

from usenetsync_tui.catalogue.tables import folders, jobs
from usenetsync_tui.cli.output import voices
from usenetsync_tui.cli.output.json_fields import job_fields, notice_fields
from usenetsync_tui.cli.output.table import Column
from usenetsync_tui.cli.run import Exit, catalogue_to_read, start
from usenetsync_tui.errors import UsageError
from usenetsync_tui.model.entries import Notice
from usenetsync_tui.model.jobs import Job, JobState, PastJob
from usenetsync_tui.model.text.figures import elapsed, number, plural, size, when
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.text.words import JOB_WORDS

_PAGE = 1000

_JOBS = (
    Column("Job", right=True),
    Column("Began"),
    Column("Took", right=True),
    Column("Verb"),
    Column("State"),
    Column("Folder", least=8),
    Column("Files", right=True),
    Column("Size", right=True),
    Column("Problems", right=True),
    Column("Message", least=12),
)


def list_jobs(job: int | None, limit: int, every: bool, follow: bool, as_json: bool) -> None:
    """Print the latest jobs, or everything recorded about one; or follow that to its end."""
    if follow:
        if job is None:
            raise click.UsageError("--follow needs the number of a job.")
        from usenetsync_tui.cli.actions.followed import follow_job  # which needs the engine

        follow_job(job, as_json)
    start(
        lambda: _notices(job, as_json) if job else _jobs(None if every else limit, as_json),
        as_json=as_json,
        output_is_the_work=True,
    )


async def _jobs(limit: int | None, as_json: bool) -> Exit:
    """The latest `limit` jobs, or all, the newest last."""
    found: list[PastJob] = []
    async with catalogue_to_read("jobs") as opened:
        while limit is None or len(found) < limit:
            wanted = _PAGE if limit is None else min(_PAGE, limit - len(found))
            before = found[-1].job.id if found else None
            async with opened.catalogue.transaction() as tx:
                page = await jobs.history(tx, before, wanted)
            found += page
            if len(page) < wanted:
                break
    found.reverse()
    if as_json:
        for past in found:
            voices.emit("job", **job_fields(past.job, past.folder))
    elif found:
        voices.say_table(_JOBS, [_job(past) for past in found])
    else:
        voices.say("No jobs yet.")
    return Exit.DONE


def _job(past: PastJob) -> Sequence[str]:
    job = past.job
    return (
        str(job.id),
        when(job.created_at),
        elapsed(job.worked) if job.worked else "",
        str(job.verb),
        JOB_WORDS[job.state],
        safe_name(past.folder),
        number(job.done_files),
        size(job.done_bytes),
        number(job.errors),
        safe_name(job.message or ""),
    )


async def _notices(job_id: int, as_json: bool) -> Exit:
    after = 0
    async with catalogue_to_read("jobs") as opened:
        async with opened.catalogue.transaction() as tx:
            job = await jobs.by_id(tx, job_id)
            if job is None:
                raise UsageError(f"There is no job {job_id}.")
            names = {f.id: f.name for f in await folders.every(tx)}
        _head(job, names[job.folder_id], as_json)
        while True:
            async with opened.catalogue.transaction() as tx:
                page = await jobs.notices(tx, job_id, after, _PAGE)
            for _, notice in page:
                _notice(job_id, notice, as_json)
            if len(page) < _PAGE:
                break
            after = page[-1][0]
    is_whole = job.state is JobState.COMPLETED and not page and not after
    if not as_json and is_whole:
        voices.say("  No problems were recorded.")
    return Exit.DONE


def _head(job: Job, folder: str, as_json: bool) -> None:
    """Print the state of a job, and its message."""
    if as_json:
        voices.emit("job", **job_fields(job, folder))
        return
    voices.say(f"Job {job.id}: {job.verb} of {safe_name(folder)}: {JOB_WORDS[job.state]}")
    ended = ""
    if job.finished_at is not None:
        took = job.worked or (job.finished_at - job.created_at).total_seconds()
        ended = f", took {elapsed(took)}"
    voices.say(f"  began {when(job.created_at)}{ended}")
    if job.done_files or job.done_bytes:
        voices.say(f"  {plural(job.done_files, 'file')}, {size(job.done_bytes)}{_moved(job)}")
    if job.message:
        voices.say(f"  {safe_name(job.message)}")


def _moved(job: Job) -> str:
    """What of its bytes was posted, and what the store had already."""
    posted = f", {size(job.posted_bytes)} posted" if job.posted_bytes else ""
    known = f", {size(job.deduplicated_bytes)} known already" if job.deduplicated_bytes else ""
    return posted + known


def _notice(job_id: int, notice: Notice, as_json: bool) -> None:
    if as_json:
        voices.emit("notice", **notice_fields(job_id, notice))
    else:
        voices.say(voices.reason(notice))
