"""`usenetsync restore`: a job of the engine that runs, or of our own."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from usenetsync_tui.cli.actions.job_end import concluded, left, worked
from usenetsync_tui.cli.actions.restoring.restore_options import WAY_OUT, RestoreOptions
from usenetsync_tui.cli.actions.restoring.restore_plan import confirm_deletion, show_plan
from usenetsync_tui.cli.errand.detached import detached
from usenetsync_tui.cli.errand.errand import Errand, WantedJob
from usenetsync_tui.cli.options import Voice
from usenetsync_tui.cli.output.exposure import warn_of_servers
from usenetsync_tui.cli.recovery_options import typed_string
from usenetsync_tui.cli.run import (
    Exit,
    catalogue_for_job,
    catalogue_to_read,
    environment,
    folder_named,
    start,
)
from usenetsync_tui.engine.jobs.command_job import CommandJob
from usenetsync_tui.engine.jobs.guarded import guarded
from usenetsync_tui.engine.jobs.new_jobs import NewJob, new_restore
from usenetsync_tui.engine.opening import OpenCatalogue
from usenetsync_tui.engine.stores import Stores
from usenetsync_tui.errors import UsageError
from usenetsync_tui.model.restores.choices import Overwrite, RestoreChoices


def restore(
    folder: str,
    target: Path | None,
    version: int | None,
    paths: tuple[str, ...],
    exclude: tuple[str, ...],
    overwrite: str,
    delete: bool,
    yes: bool,
    dry_run: bool,
    in_place: bool,
    recreate: bool,
    numeric_ids: bool,
    passphrase_file: Path | None,
    database: str | None,
    detach: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Restore, and print the result. Ends the process with its exit code."""
    choices = RestoreChoices(
        tuple(map(os.fsencode, exclude)), Overwrite(overwrite), delete, numeric_ids
    )
    wanted = RestoreOptions(
        folder,
        target,
        version,
        paths,
        in_place,
        detach,
        choices,
        recreate=recreate,
        yes=yes,
        dry_run=dry_run,
    )
    wanted.check()
    typed = typed_string(folder, passphrase_file, database)
    voice = Voice(as_json, quiet)
    if typed is None:
        start(lambda: _restore(wanted, voice), as_json=as_json)
        return
    if detach:
        raise UsageError("A restore with a recovery string needs no engine: leave out --detach.")
    from usenetsync_tui.cli.actions.by_string.restore_by_string import restore_by_string

    wanted = replace(wanted, word="")
    start(lambda: restore_by_string(typed, wanted, voice), as_json=as_json)


async def _restore(wanted: RestoreOptions, voice: Voice) -> Exit:
    settings, locations = environment()
    if wanted.dry_run or wanted.choices.delete:
        async with catalogue_to_read("restore", quiet=voice.quiet) as opened:
            new = await _checked(opened, wanted)
            never = guarded(settings, locations, opened.own)
            if wanted.dry_run:
                return await show_plan(opened.catalogue, new, never, voice)
            await confirm_deletion(opened.catalogue, new, never, yes=wanted.yes)
    if not voice.quiet:
        warn_of_servers(settings)
    job = CommandJob()
    jobs: list[WantedJob] = []
    errand = Errand(settings, locations, jobs, what="restore", voice=voice)
    async with catalogue_for_job(
        "restore", voice, lambda: job.figures or errand.figures(), waiting=errand.waiting
    ) as opened:
        new = await _checked(opened, wanted)
        job = CommandJob(guarded(settings, locations, opened.own))
        # Its target is checked now; the engine need not know how.
        command = replace(
            wanted.command(new.folder.id, in_place=True),
            target=new.target or b"",
            version=new.version,
            recreate=False,
        )
        jobs.append(WantedJob(command))
        if wanted.detach:
            await detached(settings, locations, jobs, "restore", voice)
            return left(jobs[0])
        if not await errand.run_attached():
            # It needs no lock: also while an engine works that cannot be reached.
            async with Stores(opened.catalogue, settings, locations, opened.waits) as stores:
                await job.prepare(stores, new)
                jobs[0].summary = await worked(job, voice)
    return concluded(jobs[0], voice)


async def _checked(opened: OpenCatalogue, wanted: RestoreOptions) -> NewJob:
    command = wanted.command(0)
    async with opened.catalogue.transaction() as tx:
        folder = await folder_named(tx, wanted.word)
    command = replace(command, folder_id=folder.id)
    return await new_restore(opened.catalogue, command, way_out=WAY_OUT)
