"""`usenetsync jobs --follow N`: follows a job to its end, as the command that began it does."""

from __future__ import annotations

from usenetsync_tui.cli.actions.job_end import concluded
from usenetsync_tui.cli.actions.upload import conclude
from usenetsync_tui.cli.errand.errand import Errand, WantedJob
from usenetsync_tui.cli.options import Voice
from usenetsync_tui.cli.run import Exit, catalogue_for_job, environment, start
from usenetsync_tui.engine.progress.summary import recorded
from usenetsync_tui.model.commands.jobs import Resume
from usenetsync_tui.model.jobs import Verb


def follow_job(job_id: int, as_json: bool) -> None:
    """Follow the job, and print its result. Ends the process with its exit code."""
    start(lambda: _follow(job_id, Voice(as_json)), as_json=as_json)


async def _follow(job_id: int, voice: Voice) -> Exit:
    settings, locations = environment()
    job = WantedJob(Resume(job_id), job_id)
    errand = Errand(settings, locations, [job], what="jobs", voice=voice, cancels=False)
    async with catalogue_for_job("jobs", voice, errand.figures, waiting=errand.waiting) as opened:
        job.summary = await recorded(opened.catalogue, job_id)
        if job.summary is None:
            await errand.run()
    if job.summary is None and errand.interrupted:
        return Exit.INTERRUPTED  # only the following ended
    if job.summary is not None and job.summary.figures.verb is Verb.UPLOAD:
        return conclude([job.summary], (), voice, interrupted=errand.interrupted)
    return concluded(job, voice)
