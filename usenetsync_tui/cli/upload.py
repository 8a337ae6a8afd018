"""`usenetsync upload PATH…`: keep folders, headless."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path

import anyio
import click

from usenetsync_tui.cli import progress, words
from usenetsync_tui.cli.exposed import warn_of_servers
from usenetsync_tui.cli.program import program
from usenetsync_tui.cli.run import Exit, environment, json_option, start
from usenetsync_tui.cli.signals import GOES_ON, stopped_by
from usenetsync_tui.cli.telling import CODES, OWN_IN_PUBLIC, tell
from usenetsync_tui.engine.engine import Engine
from usenetsync_tui.engine.summary import Summary
from usenetsync_tui.errors import SourceError, SourceGoneError, UsageError
from usenetsync_tui.model.commands import Drain, FolderChoices, Upload
from usenetsync_tui.model.folders import Compression, Priority, Profile, StoreKind
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.model.status import EngineStatus, JobStatus
from usenetsync_tui.settings import Settings


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--store", type=click.Choice(["shards", "usenet"]), help="Where the articles go.")
@click.option(
    "--profile", type=click.Choice([p.value for p in Profile]), help="How bytes are dressed."
)
@click.option("--compression", type=click.Choice([c.value for c in Compression]))
@click.option("--copies", type=click.IntRange(1, 10), help="Articles a segment.")
@click.option("--priority", type=click.Choice([p.name.lower() for p in Priority]))
@click.option(
    "--allow-shrink",
    is_flag=True,
    help="Take the folders as they are, also where most files are gone or the disk is another.",
)
@click.option(
    "--include-own-files/--exclude-own-files",
    "own_files",
    default=None,
    help="Whether UsenetSync's own configuration, keys and logs are kept where a folder has them. "
    "They are not, unless you say so; its database never is.",
)
@click.option(
    "--ignore-inode/--compare-inode",
    default=None,
    help="Whether another inode number alone is no reason to read a file again.",
)
@json_option
def upload(
    paths: tuple[Path, ...],
    store: str | None,
    profile: str | None,
    compression: str | None,
    copies: int | None,
    priority: str | None,
    allow_shrink: bool,
    own_files: bool | None,
    ignore_inode: bool | None,
    as_json: bool,
) -> None:
    """Make a new version of each folder at PATHS. Choices are remembered per folder."""
    choices = FolderChoices(
        store=StoreKind(store) if store else None,
        profile=Profile(profile) if profile else None,
        copies=copies,
        priority=Priority[priority.upper()] if priority else None,
        compression=Compression(compression) if compression else None,
        own_files=own_files,
        ignore_inode=ignore_inode,
    )
    wanted = Wanted(choices, allow_shrink)
    start(lambda: _upload(paths, wanted, as_json), as_json=as_json)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted of every folder of a command."""

    choices: FolderChoices
    allow_shrink: bool


def folder_path(path: Path) -> bytes:
    """The absolute path a folder is kept under. `SourceError` when it is no folder."""
    found = os.path.realpath(os.fsencode(path))
    if not os.path.lexists(found):
        raise SourceGoneError(f"({safe_name(os.fsencode(path))})")
    if not os.path.isdir(found):
        raise SourceError(f"{safe_name(os.fsencode(path))} is not a folder.")
    return found


async def _upload(paths: tuple[Path, ...], wanted: Wanted, as_json: bool) -> Exit:
    settings, locations = environment()
    choices = wanted.choices
    if choices.store is StoreKind.USENET and not settings.servers:
        raise UsageError("There is no server: add a [[servers]] table to config.toml.")
    engine = Engine(settings, locations, what="upload")
    for path in paths:
        engine.submit(Upload(folder_path(path), choices, wanted.allow_shrink))
    interrupted = False

    def stop() -> None:
        nonlocal interrupted
        interrupted = True
        engine.submit(Drain())

    if choices.profile is Profile.PLAIN and _goes_to_usenet(settings, choices):
        words.complain("usenetsync: plain on Usenet: everybody can read it, names and all.")
        if choices.own_files:
            words.complain(words.red(f"usenetsync: {OWN_IN_PUBLIC}"))
    warn_of_servers(settings)
    async with anyio.create_task_group() as group:
        group.start_soon(
            lambda: progress.show(
                lambda: current(engine.status),
                as_json=as_json,
                waiting=lambda: engine.status.waiting,
            )
        )
        with stopped_by(stop, lambda: progress.standing(current(engine.status))):
            await engine.run(until_idle=True)
        group.cancel_scope.cancel()
    return _report(engine, as_json, interrupted)


def _goes_to_usenet(settings: Settings, choices: FolderChoices) -> bool:
    return (choices.store or settings.folder_defaults.store) is StoreKind.USENET


def current(status: EngineStatus) -> JobStatus | None:
    """The job at work."""
    live = (JobState.RUNNING, JobState.PAUSED)
    return next((j for j in status.jobs if j.state in live and j.elapsed), None)


def _report(engine: Engine, as_json: bool, interrupted: bool) -> Exit:
    worst = Exit.INTERRUPTED if interrupted else Exit.DONE
    for job_id in engine.started:
        summary = engine.summaries.get(job_id)
        if summary is not None:
            tell(summary, as_json=as_json)
            if not as_json:
                _tell_next(summary)
            worst = max(worst, CODES[summary.outcome.state], key=_severity)
    if interrupted and not engine.summaries and not as_json:
        words.say(GOES_ON)
    return worst


def _tell_next(summary: Summary) -> None:
    """What a user may want to do now."""
    if summary.outcome.state is JobState.QUEUED:
        words.say(f"  {GOES_ON}")
        return
    if summary.outcome.refusal is not None:
        return  # it says itself what to do
    if not summary.outcome.version:
        return
    name = shlex.quote(summary.folder.name)
    path = shlex.quote(os.fsdecode(summary.folder.path))
    words.say("Next:")
    words.say(f"  {program()} tui {safe_name(path)}    opens the screen")
    words.say(f"  {program()} restore {name} TARGET    brings it back, into TARGET")


def _severity(code: Exit) -> int:
    return (Exit.DONE, Exit.INCOMPLETE, Exit.INTERRUPTED, Exit.FAILED).index(code)
