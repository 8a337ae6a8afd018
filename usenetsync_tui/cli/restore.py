"""`usenetsync restore` and `usenetsync verify`."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import anyio
import click
from anyio import to_thread

from usenetsync_tui.catalogue import jobs
from usenetsync_tui.catalogue.snapshots import finished_version
from usenetsync_tui.cli import progress, words
from usenetsync_tui.cli.arguments import AnyPath, Name, wait_option
from usenetsync_tui.cli.exposed import warn_of_servers
from usenetsync_tui.cli.run import (
    Exit,
    environment,
    folder_named,
    json_option,
    looking,
    start,
    telling_once,
    until_signalled,
)
from usenetsync_tui.cli.telling import CODES, tell
from usenetsync_tui.engine.opening import application_name
from usenetsync_tui.engine.single import SingleJob
from usenetsync_tui.engine.stores import Stores
from usenetsync_tui.engine.summary import Summary
from usenetsync_tui.environment import absolute_path
from usenetsync_tui.model.jobs import Verb
from usenetsync_tui.pipeline.overlap import refuse_overlap
from usenetsync_tui.pipeline.verify import Verified
from usenetsync_tui.postgres.lock import SHORTEST_PATIENCE, EngineLock


@click.command()
@click.argument("folder", type=Name())
@click.argument("target", type=AnyPath())
@click.option("--version", type=click.IntRange(1), help="The version; without it the newest.")
@click.option("--path", "prefix", type=Name(), help="Only this file or folder inside it.")
@click.option(
    "--in-place",
    is_flag=True,
    help="Restore although TARGET is the folder itself, inside it or around it: files that differ "
    "from the version are replaced.",
)
@json_option
def restore(
    folder: str,
    target: Path,
    version: int | None,
    prefix: str | None,
    in_place: bool,
    as_json: bool,
) -> None:
    """Bring a version of FOLDER back into TARGET. Identical files are left alone."""
    wanted = Wanted(folder, target, version, prefix or "", in_place)
    start(lambda: _restore(wanted, as_json), as_json=as_json)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be brought back, as it was typed."""

    word: str
    target: Path
    version: int | None
    prefix: str
    in_place: bool


async def _restore(wanted: Wanted, as_json: bool) -> Exit:
    settings, locations = environment()
    target = absolute_path(os.fsencode(wanted.target))
    warn_of_servers(settings)
    async with (
        looking("restore") as opened,
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
        summary = await _shown(SingleJob(run), as_json)
    tell(summary, as_json=as_json)
    return CODES[summary.outcome.state]


@click.command()
@click.argument("folder", type=Name())
@click.option("--body", is_flag=True, help="Fetch every article and check its bytes.")
@wait_option
@json_option
def verify(folder: str, body: bool, wait: float, as_json: bool) -> None:
    """Check that the store still holds every article of FOLDER."""
    start(lambda: _verify(folder, body, wait, as_json), as_json=as_json)


async def _verify(word: str, body: bool, wait: float, as_json: bool) -> Exit:
    settings, locations = environment()
    warn_of_servers(settings)
    async with (
        looking("verify") as opened,
        Stores(opened.catalogue, settings, locations) as stores,
    ):
        async with opened.catalogue.transaction() as tx:
            folder = await folder_named(tx, word)
        lock = EngineLock(
            opened.conninfo,
            application_name=application_name("verify"),
            patience=max(wait, SHORTEST_PATIENCE),
            on_wait=telling_once(wait),
        )
        async with lock:
            run = await stores.run(folder, 0)
            async with opened.catalogue.transaction(durable=True) as tx:
                newest = await finished_version(tx, folder.id, None)
                run.job_id = await jobs.add(
                    tx, folder.id, Verb.VERIFY, folder.priority, version=newest, bodies=body
                )
            job = SingleJob(run)
            summary = await _shown(job, as_json)
    found = job.verified
    if found is not None:
        _tell_found(found, as_json)
    tell(summary, as_json=as_json)
    return CODES[summary.outcome.state]


def _tell_found(found: Verified, as_json: bool) -> None:
    bad = found.missing + found.damaged + found.unknown
    if as_json:
        words.emit("verified", **words.row(found))
        return
    share = 100 * max(0, found.checked - bad) / found.checked if found.checked else 100.0
    # Rounded down: 100 % is said only when nothing is missing, and all is known.
    words.say(
        f"verified {math.floor(share * 100) / 100:.2f} % of {words.number(found.checked)} "
        f"articles: {found.missing} missing, {found.damaged} damaged"
        + (f", {words.number(found.unknown)} unknown" if found.unknown else "")
        + (f", {found.reposted} posted again" if bad > found.unknown else "")
    )
    for version, count in found.lost:
        words.say(f"  version {version} still lacks {words.number(count)}")


async def _shown(job: SingleJob, as_json: bool) -> Summary:
    """Run a job with its progress shown and signals obeyed."""
    async with anyio.create_task_group() as group:
        group.start_soon(until_signalled, job.stop)
        group.start_soon(lambda: progress.show(lambda: job.figures, as_json=as_json))
        summary = await job.work()
        group.cancel_scope.cancel()
    return summary
