"""`usenetsync verify`: a job of the engine that runs, or of our own."""

from __future__ import annotations

from usenetsync_tui.cli.actions.job_end import concluded, left
from usenetsync_tui.cli.errand.detached import detached
from usenetsync_tui.cli.errand.errand import Errand, WantedJob
from usenetsync_tui.cli.options import Voice
from usenetsync_tui.cli.output.exposure import warn_of_servers
from usenetsync_tui.cli.run import Exit, catalogue_for_job, environment, folder_named, start
from usenetsync_tui.model.commands.jobs import Verify
from usenetsync_tui.model.value_object import value_object


def verify(
    folder: str,
    body: bool,
    sample: int,
    wait: float,
    detach: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Verify, and print the result. Ends the process with its exit code."""
    voice = Voice(as_json, quiet)
    wanted = VerifyOptions(folder, body, sample, wait, detach)
    start(lambda: _verify(wanted, voice), as_json=as_json)


@value_object
class VerifyOptions:
    """The arguments of a verify, as the user typed them."""

    word: str
    body: bool
    sample: int
    wait: float
    detach: bool


async def _verify(wanted: VerifyOptions, voice: Voice) -> Exit:
    settings, locations = environment()
    if not voice.quiet:
        warn_of_servers(settings)
    jobs: list[WantedJob] = []
    errand = Errand(settings, locations, jobs, what="verify", voice=voice, wait=wanted.wait)
    async with catalogue_for_job("verify", voice, errand.figures, waiting=errand.waiting) as opened:
        async with opened.catalogue.transaction() as tx:
            folder = await folder_named(tx, wanted.word)
        jobs.append(WantedJob(Verify(folder.id, wanted.body, wanted.sample)))
        if wanted.detach:
            await detached(settings, locations, jobs, "verify", voice)
            return left(jobs[0])
        await errand.run()
    return concluded(jobs[0], voice)
