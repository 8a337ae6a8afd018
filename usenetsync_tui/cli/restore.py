"""`usenetsync restore` and `usenetsync verify`."""

from __future__ import annotations

import math
import os
from pathlib import Path

import anyio
import click

from usenetsync_tui.catalogue import jobs
from usenetsync_tui.catalogue.snapshots import finished_version
from usenetsync_tui.cli import progress, words
from usenetsync_tui.cli.exposed import warn_of_servers
from usenetsync_tui.cli.run import (
    Exit,
    environment,
    folder_named,
    json_option,
    looking,
    start,
)
from usenetsync_tui.cli.signals import stopped_by
from usenetsync_tui.cli.telling import CODES, tell
from usenetsync_tui.engine.opening import application_name
from usenetsync_tui.engine.single import SingleJob
from usenetsync_tui.engine.stores import Stores
from usenetsync_tui.engine.summary import Summary
from usenetsync_tui.model.jobs import Verb
from usenetsync_tui.pipeline.verify import Verified
from usenetsync_tui.postgres.lock import EngineLock


@click.command()
@click.argument("folder")
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--version", type=click.IntRange(1), help="The version; without it the newest.")
@click.option("--path", "prefix", default="", help="Only this file or folder inside it.")
@json_option
def restore(folder: str, target: Path, version: int | None, prefix: str, as_json: bool) -> None:
    """Bring a version of FOLDER back into TARGET. What is already right there is kept."""
    start(lambda: _restore(folder, target, version, prefix, as_json), as_json=as_json)


async def _restore(
    word: str, target: Path, version: int | None, prefix: str, as_json: bool
) -> Exit:
    settings, locations = environment()
    warn_of_servers(settings)
    async with (
        looking("restore", as_json=as_json) as opened,
        Stores(opened.catalogue, settings, locations) as stores,
    ):
        async with opened.catalogue.transaction() as tx:
            folder = await folder_named(tx, word)
        run = await stores.run(folder, 0, to_post=False)
        async with opened.catalogue.transaction(durable=True) as tx:
            run.job_id = await jobs.add(
                tx,
                folder.id,
                Verb.RESTORE,
                folder.priority,
                target=os.fsencode(os.path.abspath(target)),
                prefix=os.fsencode(prefix) or None,
                version=await finished_version(tx, folder.id, version),
            )
        summary = await _shown(SingleJob(run), as_json)
    tell(summary, as_json=as_json)
    return CODES[summary.outcome.state]


@click.command()
@click.argument("folder")
@click.option("--body", is_flag=True, help="Fetch every article and check its bytes.")
@json_option
def verify(folder: str, body: bool, as_json: bool) -> None:
    """Check that the store still holds every article of FOLDER."""
    start(lambda: _verify(folder, body, as_json), as_json=as_json)


async def _verify(word: str, body: bool, as_json: bool) -> Exit:
    settings, locations = environment()
    warn_of_servers(settings)
    async with (
        looking("verify", as_json=as_json) as opened,
        Stores(opened.catalogue, settings, locations) as stores,
    ):
        async with opened.catalogue.transaction() as tx:
            folder = await folder_named(tx, word)
        async with EngineLock(opened.conninfo, application_name=application_name("verify")):
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
        group.start_soon(lambda: progress.show(lambda: job.figures, as_json=as_json))
        with stopped_by(job.stop, lambda: progress.standing(job.figures)):
            summary = await job.work()
        group.cancel_scope.cancel()
    return summary
