"""`usenetsync restore` and `usenetsync verify`: a job of the engine that runs, or of our own."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import click

from usenetsync_tui.cli.actions.job_report import CODES, tell
from usenetsync_tui.cli.actions.restore_plan import confirm_deletion, show_plan
from usenetsync_tui.cli.errand.detached import detached
from usenetsync_tui.cli.errand.errand import Errand, WantedJob
from usenetsync_tui.cli.options import Voice
from usenetsync_tui.cli.output import progress, voices
from usenetsync_tui.cli.output.exposure import warn_of_servers
from usenetsync_tui.cli.output.json_fields import verified_fields
from usenetsync_tui.cli.recovery_options import typed_string
from usenetsync_tui.cli.run import (
    Exit,
    catalogue_for_job,
    catalogue_to_read,
    environment,
    folder_named,
    start,
)
from usenetsync_tui.cli.signals import stopped_by, tell_interrupted
from usenetsync_tui.engine.jobs.command_job import CommandJob
from usenetsync_tui.engine.jobs.guarded import guarded
from usenetsync_tui.engine.jobs.new_jobs import NewJob, new_restore
from usenetsync_tui.engine.opening import OpenCatalogue
from usenetsync_tui.engine.stores import Stores
from usenetsync_tui.environment import absolute_path
from usenetsync_tui.errors import UsageError
from usenetsync_tui.model.commands.jobs import Restore, Verify
from usenetsync_tui.model.outcomes import Summary, Verified
from usenetsync_tui.model.restores.choices import Overwrite, RestoreChoices
from usenetsync_tui.model.text.figures import exact_percent, number, plural, when
from usenetsync_tui.model.value_object import value_object

WAY_OUT = "Choose another folder, or add --in-place to replace them."


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


@value_object
class RestoreOptions:
    """The arguments of a restore, as the user typed them."""

    word: str
    target: Path | None
    version: int | None
    paths: tuple[str, ...]
    in_place: bool
    detach: bool = False
    choices: RestoreChoices = RestoreChoices()
    recreate: bool = False
    yes: bool = False
    dry_run: bool = False

    def check(self) -> None:
        """Raise `click.UsageError` for options that contradict each other."""
        if self.target is None and not self.in_place:
            raise click.UsageError(
                "Where to? Add TARGET, or --in-place for the place that was backed up."
            )
        if self.recreate and (self.target is not None or not self.in_place):
            raise click.UsageError("--recreate goes with --in-place, without TARGET.")
        if self.yes and not self.choices.delete:
            raise click.UsageError("--yes goes with --delete: nothing else is asked.")
        if self.dry_run and self.detach:
            raise click.UsageError("--dry-run prints its plan here: leave out --detach.")

    def command(self, folder_id: int, *, in_place: bool = False) -> Restore:
        """The restore of a folder. `in_place`: as if it was typed."""
        target = absolute_path(os.fsencode(self.target)) if self.target is not None else b""
        return Restore(
            folder_id,
            target,
            self.version,
            tuple(map(os.fsencode, self.paths)),
            self.in_place or in_place,
            self.choices,
            self.recreate,
        )


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


def left(job: WantedJob) -> Exit:
    """The exit code of a job that was left to the engine. Raises why it was refused."""
    if job.refused is not None:
        raise job.refused
    return Exit.DONE


def concluded(job: WantedJob, voice: Voice) -> Exit:
    """Print how a job ended; returns the exit code. Raises why it was refused."""
    if job.refused is not None:
        raise job.refused
    if job.summary is None:
        tell_interrupted(voice)
        return Exit.INTERRUPTED
    if job.summary.outcome.verified is not None:
        _tell_found(job.summary.outcome.verified, voice)
    tell(job.summary, voice)
    return CODES[job.summary.outcome.state]


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


async def worked(job: CommandJob, voice: Voice) -> Summary:
    """Run a job to its end, or until a signal stops it."""
    with stopped_by(job.stop, lambda: progress.standing(job.figures), voice):
        return await job.work()


def _tell_found(found: Verified, voice: Voice) -> None:
    bad = found.missing + found.damaged + found.unknown
    if voice.quiet and not bad and not found.lost:
        return
    if voice.as_json:
        voices.emit("verified", **verified_fields(found))
        return
    tell = voices.complain if voice.quiet else voices.say
    # Articles known to be lost for good are not checked again, but still count as missing.
    lacking = max((count for _, count in found.lost), default=0)
    lost = max(0, lacking - max(0, found.missing + found.damaged - found.reposted))
    total = found.checked + lost
    tell(
        f"verified {exact_percent(found.checked - bad, total)} of {plural(total, 'article')}: "
        f"{number(found.missing + lost)} missing, {number(found.damaged)} damaged"
        + (f", {number(found.unknown)} unknown" if found.unknown else "")
        + (f", {number(found.reposted)} posted again" if bad > found.unknown else "")
    )
    if found.sample > 1:
        tell(f"  This was part {found.part + 1} of {found.sample}; the next check takes another.")
    if found.continued_from is not None:
        began = when(found.continued_from)
        tell(f"  This continued the check of {began}: what that found is included.")
    for version, count in found.lost:
        tell(f"  version {version} still lacks {plural(count, 'article')}")
