"""`usenetsync restore` and `usenetsync verify`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from anyio import to_thread

from usenetsync_tui.catalogue.tables import jobs
from usenetsync_tui.catalogue.tables.snapshots import finished_version
from usenetsync_tui.cli.actions.job_report import CODES, tell
from usenetsync_tui.cli.options import Voice
from usenetsync_tui.cli.output import progress, voices
from usenetsync_tui.cli.output.exposure import warn_of_servers
from usenetsync_tui.cli.output.json_fields import verified_fields
from usenetsync_tui.cli.run import (
    Exit,
    environment,
    folder_named,
    start,
    working,
)
from usenetsync_tui.cli.signals import stopped_by
from usenetsync_tui.disk.overlap import refuse_overlap
from usenetsync_tui.engine.command_job import CommandJob
from usenetsync_tui.engine.opening import OpenCatalogue, application_name
from usenetsync_tui.engine.progress.summary import Summary
from usenetsync_tui.engine.stores import Stores
from usenetsync_tui.environment import absolute_path
from usenetsync_tui.model.figures import exact_percent, number, plural
from usenetsync_tui.model.jobs import Verb
from usenetsync_tui.pipeline.restore.version_paths import require_path
from usenetsync_tui.pipeline.run.job_run import JobRun
from usenetsync_tui.pipeline.verify.verify import Verified
from usenetsync_tui.postgres.lock import SHORTEST_PATIENCE, EngineLock


def restore(
    folder: str,
    target: Path,
    version: int | None,
    prefix: str | None,
    in_place: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Restore, and print the result. Ends the process with its exit code."""
    wanted = RestoreOptions(folder, target, version, prefix or "", in_place)
    start(lambda: _restore(wanted, Voice(as_json, quiet)), as_json=as_json)


@dataclass(frozen=True, slots=True)
class RestoreOptions:
    """The arguments of a restore, as the user typed them."""

    word: str
    target: Path
    version: int | None
    prefix: str
    in_place: bool


async def _restore(wanted: RestoreOptions, voice: Voice) -> Exit:
    settings, locations = environment()
    target = absolute_path(os.fsencode(wanted.target))
    if not voice.quiet:
        warn_of_servers(settings)
    job = CommandJob()
    async with (
        working("restore", voice, lambda: job.figures) as opened,
        Stores(opened.catalogue, settings, locations, opened.waits) as stores,
    ):
        async with opened.catalogue.transaction() as tx:
            folder = await folder_named(tx, wanted.word)
        if not wanted.in_place:
            way_out = "Choose another folder, or add --in-place to replace them."
            await to_thread.run_sync(partial(refuse_overlap, target, folder.path, way_out=way_out))
        run = await stores.run(folder, 0, to_post=False)
        async with opened.catalogue.transaction(durable=True) as tx:
            version = await finished_version(tx, folder.id, wanted.version)
            prefix = os.fsencode(wanted.prefix)
            await require_path(tx, folder, version, prefix)
            run.job_id = await jobs.add(
                tx,
                folder.id,
                Verb.RESTORE,
                folder.priority,
                target=target,
                prefix=prefix or None,
                version=version,
            )
        summary = await _worked(job, run, voice)
    tell(summary, voice)
    return CODES[summary.outcome.state]


def verify(folder: str, body: bool, wait: float, quiet: bool, as_json: bool) -> None:
    """Verify, and print the result. Ends the process with its exit code."""
    voice = Voice(as_json, quiet)
    start(lambda: _verify(folder, body, wait, voice), as_json=as_json)


async def _verify(word: str, body: bool, wait: float, voice: Voice) -> Exit:
    settings, locations = environment()
    if not voice.quiet:
        warn_of_servers(settings)
    job = CommandJob()
    async with (
        working("verify", voice, lambda: job.figures) as opened,
        Stores(opened.catalogue, settings, locations, opened.waits) as stores,
    ):
        async with opened.catalogue.transaction() as tx:
            folder = await folder_named(tx, word)
        async with _lock(opened, wait):
            run = await stores.run(folder, 0)
            async with opened.catalogue.transaction(durable=True) as tx:
                newest = await finished_version(tx, folder.id, None)
                run.job_id = await jobs.add(
                    tx, folder.id, Verb.VERIFY, folder.priority, version=newest, bodies=body
                )
            summary = await _worked(job, run, voice)
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


async def _worked(job: CommandJob, run: JobRun, voice: Voice) -> Summary:
    """Run a job to its end, or until a signal stops it."""
    with stopped_by(job.stop, lambda: progress.standing(job.figures), voice):
        return await job.work(run)


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
    for version, count in found.lost:
        tell(f"  version {version} still lacks {plural(count, 'article')}")
