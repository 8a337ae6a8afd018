"""`--detach`: leaves jobs to the engine that runs, or to a service that it starts."""

from __future__ import annotations

from collections.abc import Sequence

from usenetsync_tui.cli.errand.errand import WantedJob
from usenetsync_tui.cli.options import Voice
from usenetsync_tui.cli.output import voices
from usenetsync_tui.cli.program import program
from usenetsync_tui.errors import NoEngineError
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.windows import Window
from usenetsync_tui.settings.settings import Settings
from usenetsync_tui.wire.client import attached


async def detached(
    settings: Settings, locations: Locations, wanted: Sequence[WantedJob], what: str, voice: Voice
) -> None:
    """Leave the jobs to the engine, and print their numbers; if none runs, start a service.

    `UsenetSyncError` if none can be started, or it is lost at once.
    """
    try:
        await _leave(settings, locations, wanted, what, voice)
    except NoEngineError:
        from usenetsync_tui.cli.service.successor import Successor

        await Successor(locations).started(settings)
        await _leave(settings, locations, wanted, what, voice)


async def _leave(
    settings: Settings, locations: Locations, wanted: Sequence[WantedJob], what: str, voice: Voice
) -> None:
    async with attached(locations, who=what, database_url=settings.database_url) as engine:
        for each in wanted:
            each.take(await engine.ask(each.command))
            if each.job_id is not None:
                _tell(each.job_id, what, engine.holder, voice)


def _tell(job_id: int, what: str, holder: Window, voice: Voice) -> None:
    if voice.as_json:
        voices.emit("detached", job=job_id, verb=what, pid=holder.pid)
    elif not voice.quiet:
        voices.say(f"Job {job_id} is left to {safe_name(str(holder))}. To follow it:")
        voices.say(f"  {program()} jobs --follow {job_id}")
