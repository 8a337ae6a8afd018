"""`--detach`: leaves jobs to the engine that runs, and ends."""

from __future__ import annotations

from collections.abc import Sequence

from usenetsync_tui.cli.errand.errand import WantedJob
from usenetsync_tui.cli.options import Voice
from usenetsync_tui.cli.output import voices
from usenetsync_tui.cli.program import program
from usenetsync_tui.errors import EngineLostError, NoEngineError, UsageError, leading_error
from usenetsync_tui.locations import Locations
from usenetsync_tui.settings.settings import Settings
from usenetsync_tui.wire.client import attached


async def detached(
    settings: Settings, locations: Locations, wanted: Sequence[WantedJob], what: str, voice: Voice
) -> None:
    """Leave the jobs to the engine, and print their numbers. `UsageError` if none runs."""
    try:
        async with attached(locations, who=what, database_url=settings.database_url) as engine:
            for each in wanted:
                each.take(await engine.ask(each.command))
                if each.job_id is not None:
                    _tell(each.job_id, what, engine.holder.pid, voice)
    except Exception as group:
        error = leading_error(group)
        if not isinstance(error, NoEngineError | EngineLostError):
            raise
        raise UsageError(
            f"{error} --detach needs one, such as that of {program()} tui in another terminal; "
            "without --detach, this command does the work itself."
        ) from None


def _tell(job_id: int, what: str, pid: int, voice: Voice) -> None:
    if voice.as_json:
        voices.emit("detached", job=job_id, verb=what, pid=pid)
    elif not voice.quiet:
        voices.say(f"Job {job_id} is left to process {pid}. To follow it:")
        voices.say(f"  {program()} jobs --follow {job_id}")
