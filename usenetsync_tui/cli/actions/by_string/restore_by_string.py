"""`usenetsync restore STRING TARGET`: restores a version with no more than its recovery string.

Knows how the user's options become the request, and prints how far it is and how it ended.
"""

from __future__ import annotations

import anyio
from anyio import to_thread

from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.cli.actions.by_string.recovered import tell_found
from usenetsync_tui.cli.actions.job_end import worked
from usenetsync_tui.cli.actions.job_report import CODES, tell
from usenetsync_tui.cli.actions.restoring.restore_options import WAY_OUT, RestoreOptions
from usenetsync_tui.cli.actions.restoring.restore_plan import confirm_deletion, show_plan
from usenetsync_tui.cli.options import Voice
from usenetsync_tui.cli.output import progress, voices
from usenetsync_tui.cli.output.exposure import warn_of_servers
from usenetsync_tui.cli.run import Exit, environment
from usenetsync_tui.cli.typed_string import TypedString
from usenetsync_tui.engine.by_string.found_versions import time_of
from usenetsync_tui.engine.by_string.recovery import Recovery
from usenetsync_tui.engine.by_string.restoring import StringRestore, WantedByString
from usenetsync_tui.engine.jobs.guarded import Guarded
from usenetsync_tui.engine.jobs.new_jobs import NewJob
from usenetsync_tui.model.text.figures import when
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.waiting import Waits


async def restore_by_string(typed: TypedString, options: RestoreOptions, voice: Voice) -> Exit:
    """Restore, and print the result; returns the exit code."""
    settings, locations = environment()
    wanted = WantedByString(options.command(0), WAY_OUT, typed.database)
    if not voice.quiet:
        warn_of_servers(settings)
    secret = await to_thread.run_sync(typed.secret)
    waits, planned = Waits(), Exit.DONE

    async def goes_on(catalogue: Catalogue, new: NewJob, never: Guarded) -> bool:
        nonlocal planned
        if options.dry_run:
            planned = await show_plan(catalogue, new, never, voice)
            return False
        await confirm_deletion(catalogue, new, never, yes=options.yes)
        return True

    restoring = StringRestore(
        settings,
        locations,
        wanted,
        waits,
        found=lambda recovery: _tell_found(recovery, options, voice),
        goes_on=goes_on,
        work=lambda job: worked(job, voice),
    )
    async with anyio.create_task_group() as group:
        group.start_soon(_show_progress, restoring, waits, voice)
        summary = await restoring.run(secret)
        group.cancel_scope.cancel()
    if summary is None:
        return planned
    tell(summary, voice, is_kept=False)
    return CODES[summary.outcome.state]


async def _show_progress(restoring: StringRestore, waits: Waits, voice: Voice) -> None:
    """Show it until cancelled."""
    await progress.show(lambda: restoring.job.figures, voice, waiting=lambda: waits.current)


def _tell_found(recovery: Recovery, options: RestoreOptions, voice: Voice) -> None:
    """Print which version is the newest, and why no newer one is used."""
    tell_found(recovery, as_json=voice.as_json)
    if options.version is None and not (voice.quiet or voice.as_json):
        newest = recovery.root.current
        ended = when(time_of(newest.finished_us))
        voices.complain(
            f"usenetsync: the newest version of {safe_name(recovery.root.name)} that was "
            f"found is {newest.version}, of {ended}."
        )
