"""`usenetsync restore` and `usenetsync verify`: a job that the command runs itself."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from usenetsync_tui.cli.actions.job_report import CODES, tell
from usenetsync_tui.cli.options import Voice
from usenetsync_tui.cli.output import progress, voices
from usenetsync_tui.cli.output.exposure import warn_of_servers
from usenetsync_tui.cli.output.json_fields import verified_fields
from usenetsync_tui.cli.recovery_options import typed_string
from usenetsync_tui.cli.run import (
    Exit,
    catalogue_for_job,
    environment,
    folder_named,
    start,
)
from usenetsync_tui.cli.signals import stopped_by
from usenetsync_tui.engine.jobs.command_job import CommandJob
from usenetsync_tui.engine.jobs.new_jobs import new_restore, new_verify
from usenetsync_tui.engine.opening import OpenCatalogue, application_name
from usenetsync_tui.engine.progress.summary import Summary
from usenetsync_tui.engine.stores import Stores
from usenetsync_tui.environment import absolute_path
from usenetsync_tui.model.commands import Restore, Verify
from usenetsync_tui.model.figures import exact_percent, number, plural, when
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.pipeline.verify.verify import Verified
from usenetsync_tui.postgres.lock import SHORTEST_PATIENCE, EngineLock


def restore(
    folder: str,
    target: Path,
    version: int | None,
    paths: tuple[str, ...],
    in_place: bool,
    passphrase_file: Path | None,
    database: str | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Restore, and print the result. Ends the process with its exit code."""
    wanted = RestoreOptions(folder, target, version, paths, in_place)
    typed = typed_string(folder, passphrase_file, database)
    voice = Voice(as_json, quiet)
    if typed is None:
        start(lambda: _restore(wanted, voice), as_json=as_json)
        return
    from usenetsync_tui.cli.actions.restore_by_string import restore_by_string

    wanted = replace(wanted, word="")
    start(lambda: restore_by_string(typed, wanted, voice), as_json=as_json)


@value_object
class RestoreOptions:
    """The arguments of a restore, as the user typed them."""

    word: str
    target: Path
    version: int | None
    paths: tuple[str, ...]
    in_place: bool


async def _restore(wanted: RestoreOptions, voice: Voice) -> Exit:
    settings, locations = environment()
    target = absolute_path(os.fsencode(wanted.target))
    if not voice.quiet:
        warn_of_servers(settings)
    job = CommandJob()
    async with (
        catalogue_for_job("restore", voice, lambda: job.figures) as opened,
        Stores(opened.catalogue, settings, locations, opened.waits) as stores,
    ):
        async with opened.catalogue.transaction() as tx:
            folder = await folder_named(tx, wanted.word)
        new = await new_restore(
            opened.catalogue,
            Restore(folder.id, target, wanted.version, tuple(map(os.fsencode, wanted.paths))),
            way_out="Choose another folder, or add --in-place to replace them.",
            in_place=wanted.in_place,
        )
        await job.prepare(stores, new)
        summary = await worked(job, voice)
    tell(summary, voice)
    return CODES[summary.outcome.state]


def verify(folder: str, body: bool, sample: int, wait: float, quiet: bool, as_json: bool) -> None:
    """Verify, and print the result. Ends the process with its exit code."""
    voice = Voice(as_json, quiet)
    start(lambda: _verify(folder, voice, body=body, sample=sample, wait=wait), as_json=as_json)


async def _verify(word: str, voice: Voice, *, body: bool, sample: int, wait: float) -> Exit:
    settings, locations = environment()
    if not voice.quiet:
        warn_of_servers(settings)
    job = CommandJob()
    async with (
        catalogue_for_job("verify", voice, lambda: job.figures) as opened,
        Stores(opened.catalogue, settings, locations, opened.waits) as stores,
    ):
        async with opened.catalogue.transaction() as tx:
            folder = await folder_named(tx, word)
        async with _lock(opened, wait):
            async with opened.catalogue.transaction() as tx:
                new = await new_verify(tx, Verify(folder.id, body, sample))
            await job.prepare(stores, new)
            summary = await worked(job, voice)
    if job.verified is not None:
        _tell_found(job.verified, voice)
    tell(summary, voice)
    return CODES[summary.outcome.state]


def _lock(opened: OpenCatalogue, wait: float) -> EngineLock:
    """The lock on the catalogue; `wait`: seconds to wait for another program."""
    return EngineLock(
        opened.conninfo,
        application_name=application_name("verify"),
        patience=max(wait, SHORTEST_PATIENCE),
        waits=opened.waits,
    )


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
