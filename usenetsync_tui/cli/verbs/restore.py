"""`usenetsync restore` and `usenetsync verify`."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import anyio
import click
from anyio import to_thread

from usenetsync_tui.catalogue.tables import jobs
from usenetsync_tui.catalogue.tables.snapshots import finished_version
from usenetsync_tui.cli.arguments import AnyPath, Name, wait_option
from usenetsync_tui.cli.completing import complete_folder
from usenetsync_tui.cli.options import Voice, quiet_option, version_option
from usenetsync_tui.cli.output import progress, voices
from usenetsync_tui.cli.output.exposure import warn_of_servers
from usenetsync_tui.cli.output.json_fields import verified_fields
from usenetsync_tui.cli.run import (
    Exit,
    environment,
    folder_named,
    json_option,
    looking,
    start,
    waits_shown,
)
from usenetsync_tui.cli.signals import stopped_by
from usenetsync_tui.cli.verbs.job_report import CODES, tell
from usenetsync_tui.disk.overlap import refuse_overlap
from usenetsync_tui.engine.command_job import CommandJob
from usenetsync_tui.engine.opening import OpenCatalogue, application_name
from usenetsync_tui.engine.progress.summary import Summary
from usenetsync_tui.engine.stores import Stores
from usenetsync_tui.environment import absolute_path
from usenetsync_tui.model.figures import exact_percent, number, plural
from usenetsync_tui.model.jobs import Verb
from usenetsync_tui.model.waiting import Waits
from usenetsync_tui.pipeline.verify.verify import Verified
from usenetsync_tui.postgres.lock import SHORTEST_PATIENCE, EngineLock


@click.command()
@click.argument("folder", type=Name(), shell_complete=complete_folder)
@click.argument("target", type=AnyPath())
@version_option
@click.option(
    "--path",
    "prefix",
    type=Name(),
    metavar="PREFIX",
    help="Only this file or folder inside it.  [default: everything]",
)
@click.option(
    "--in-place",
    is_flag=True,
    help="Restore although TARGET is the folder itself, inside it or around it: files that differ "
    "from the version are replaced.  [default: refuse]",
)
@quiet_option
@json_option
def restore(
    folder: str,
    target: Path,
    version: int | None,
    prefix: str | None,
    in_place: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Bring a version of FOLDER back into TARGET.

    Identical files are left alone; differing files are replaced.
    """
    wanted = RestoreOptions(folder, target, version, prefix or "", in_place)
    start(lambda: _restore(wanted, Voice(as_json, quiet)), as_json=as_json)


@dataclass(frozen=True, slots=True)
class RestoreOptions:
    """What is to be brought back, as it was typed."""

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
    async with (
        looking("restore", voice) as opened,
        Stores(opened.catalogue, settings, locations) as stores,
    ):
        async with opened.catalogue.transaction() as tx:
            folder = await folder_named(tx, wanted.word)
        if not wanted.in_place:
            way_out = "Choose another folder, or add --in-place to replace them."
            await to_thread.run_sync(partial(refuse_overlap, target, folder.path, way_out=way_out))
        run = await stores.run(folder, 0, to_post=False)
        async with opened.catalogue.transaction(durable=True) as tx:
            run.job_id = await jobs.add(
                tx,
                folder.id,
                Verb.RESTORE,
                folder.priority,
                target=target,
                prefix=os.fsencode(wanted.prefix) or None,
                version=await finished_version(tx, folder.id, wanted.version),
            )
        summary = await _shown(CommandJob(run), voice)
    tell(summary, voice)
    return CODES[summary.outcome.state]


@click.command()
@click.argument("folder", type=Name(), shell_complete=complete_folder)
@click.option(
    "--body",
    is_flag=True,
    help="Fetch every article and check its bytes.  [default: ask whether it is there]",
)
@wait_option
@quiet_option
@json_option
def verify(folder: str, body: bool, wait: float, quiet: bool, as_json: bool) -> None:
    """Check that the store still holds every article of FOLDER.

    What is missing or damaged is posted again from the folder.
    """
    voice = Voice(as_json, quiet)
    start(lambda: _verify(folder, body, wait, voice), as_json=as_json)


async def _verify(word: str, body: bool, wait: float, voice: Voice) -> Exit:
    settings, locations = environment()
    if not voice.quiet:
        warn_of_servers(settings)
    async with (
        looking("verify", voice) as opened,
        Stores(opened.catalogue, settings, locations) as stores,
    ):
        async with opened.catalogue.transaction() as tx:
            folder = await folder_named(tx, word)
        async with _held(opened, wait, voice):
            run = await stores.run(folder, 0)
            async with opened.catalogue.transaction(durable=True) as tx:
                newest = await finished_version(tx, folder.id, None)
                run.job_id = await jobs.add(
                    tx, folder.id, Verb.VERIFY, folder.priority, version=newest, bodies=body
                )
            job = CommandJob(run)
            summary = await _shown(job, voice)
    found = job.verified
    if found is not None:
        _tell_found(found, voice)
    tell(summary, voice)
    return CODES[summary.outcome.state]


@asynccontextmanager
async def _held(opened: OpenCatalogue, wait: float, voice: Voice) -> AsyncIterator[None]:
    """The catalogue is ours inside the block; `wait`: seconds to wait for another program."""
    waits = Waits()
    lock = EngineLock(
        opened.conninfo,
        application_name=application_name("verify"),
        patience=max(wait, SHORTEST_PATIENCE),
        waits=waits,
    )
    async with waits_shown(waits, voice) as waited, lock:
        waited()
        yield


def _tell_found(found: Verified, voice: Voice) -> None:
    bad = found.missing + found.damaged + found.unknown
    if voice.quiet and not bad and not found.lost:
        return
    if voice.as_json:
        voices.emit("verified", **verified_fields(found))
        return
    tell = voices.complain if voice.quiet else voices.say
    # What is known to be lost for good is not asked for again, and is missing all the same.
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


async def _shown(job: CommandJob, voice: Voice) -> Summary:
    """Run a job with its progress shown and signals obeyed."""
    async with anyio.create_task_group() as group:
        group.start_soon(lambda: progress.show(lambda: job.figures, voice))
        with stopped_by(job.stop, lambda: progress.standing(job.figures)):
            summary = await job.work()
        group.cancel_scope.cancel()
    return summary
