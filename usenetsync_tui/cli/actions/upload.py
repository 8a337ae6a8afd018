"""`usenetsync upload PATH…`: backs up folders without the screen."""

from __future__ import annotations

import os
import shlex
from collections.abc import Collection, Sequence
from pathlib import Path

import anyio
import click

from usenetsync_tui.cli.actions.folders_typed import RefusedFolder, sorted_out
from usenetsync_tui.cli.actions.job_report import CODES, OWN_IN_PUBLIC, tell
from usenetsync_tui.cli.options import Voice
from usenetsync_tui.cli.output import progress, voices
from usenetsync_tui.cli.output.exposure import warn_of_servers
from usenetsync_tui.cli.output.json_fields import error_fields
from usenetsync_tui.cli.program import program
from usenetsync_tui.cli.run import Exit, environment, start
from usenetsync_tui.cli.signals import GOES_ON, stopped_by, tell_interrupted
from usenetsync_tui.engine.engine import Engine
from usenetsync_tui.engine.progress.summary import Summary
from usenetsync_tui.errors import UsageError
from usenetsync_tui.model.commands import Drain, FolderChoices, Upload
from usenetsync_tui.model.folders import Compression, Priority, Profile, StoreKind
from usenetsync_tui.model.headers import newsgroups_problem, newsgroups_typed, poster_problem
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.model.status import EngineStatus, JobStatus
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.settings.settings import Settings


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
    newsgroups: str | None,
    poster: str | None,
    obfuscate: bool | None,
    wait: float,
    quiet: bool,
    as_json: bool,
) -> None:
    """Upload each folder, and print the result. Ends the process with its exit code.

    `click.BadParameter` for newsgroups or a poster that are not allowed.
    """
    choices = FolderChoices(
        store=StoreKind(store) if store else None,
        profile=Profile(profile) if profile else None,
        copies=copies,
        priority=Priority[priority.upper()] if priority else None,
        compression=Compression(compression) if compression else None,
        own_files=own_files,
        ignore_inode=ignore_inode,
        newsgroups=_newsgroups(newsgroups),
        poster=_poster(poster),
        obfuscate=obfuscate,
    )
    wanted = UploadOptions(choices, allow_shrink, wait)
    start(lambda: _upload(paths, wanted, Voice(as_json, quiet)), as_json=as_json)


def _newsgroups(text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    names = newsgroups_typed(text)
    _refuse("--newsgroups", newsgroups_problem(names))
    return names


def _poster(text: str | None) -> str | None:
    if text is not None:
        _refuse("--poster", poster_problem(text))
    return text


def _refuse(option: str, problem: str) -> None:
    """Raise `click.BadParameter` if there is a problem."""
    if problem:
        raise click.BadParameter(problem, param_hint=option)


@value_object
class UploadOptions:
    """The options for every folder of a command."""

    choices: FolderChoices
    allow_shrink: bool
    wait: float
    """Seconds to wait while another program is using the catalogue."""


async def _upload(paths: tuple[Path, ...], wanted: UploadOptions, voice: Voice) -> Exit:
    settings, locations = environment()
    choices = wanted.choices
    if choices.store is StoreKind.USENET and not settings.servers:
        raise UsageError("There is no server: add a [[servers]] table to config.toml.")
    kept, refused = sorted_out(paths)
    if not kept:
        return _conclude((), refused, voice, interrupted=False)
    engine = Engine(settings, locations, what="upload", patience=wanted.wait)
    for folder in kept:
        engine.submit(Upload(folder, choices, wanted.allow_shrink))
    interrupted = False

    def stop() -> None:
        nonlocal interrupted
        interrupted = True
        engine.submit(Drain())

    if not voice.quiet:
        _warn(settings, choices)
    async with anyio.create_task_group() as group:
        group.start_soon(
            lambda: progress.show(
                lambda: current(engine.status), voice, waiting=lambda: engine.status.waiting
            )
        )
        with stopped_by(stop, lambda: progress.standing(current(engine.status)), voice):
            await engine.run(until_idle=True)
        group.cancel_scope.cancel()
    summaries = [s for job in engine.started if (s := engine.summaries.get(job)) is not None]
    refused += [RefusedFolder(path, error) for path, error in engine.refused]
    return _conclude(summaries, refused, voice, interrupted=interrupted)


def _warn(settings: Settings, choices: FolderChoices) -> None:
    """Warn of articles that everybody can read, and of servers without protection."""
    if choices.profile is Profile.PLAIN and _goes_to_usenet(settings, choices):
        names = "but not its file names" if choices.obfuscate else "with its file names"
        voices.complain(f"usenetsync: plain on Usenet: everybody can read the folder, {names}.")
        if choices.own_files:
            voices.complain(voices.red(f"usenetsync: {OWN_IN_PUBLIC}"))
    warn_of_servers(settings)


def _goes_to_usenet(settings: Settings, choices: FolderChoices) -> bool:
    return (choices.store or settings.folder_defaults.store) is StoreKind.USENET


def current(status: EngineStatus) -> JobStatus | None:
    """The running job."""
    live = (JobState.RUNNING, JobState.PAUSED)
    return next((j for j in status.jobs if j.state in live and j.at_work), None)


def _conclude(
    summaries: Sequence[Summary],
    refused: Sequence[RefusedFolder],
    voice: Voice,
    *,
    interrupted: bool,
) -> Exit:
    """Report the result of each folder. Raises the error of a single refused folder."""
    if len(refused) == 1 and not summaries and not interrupted:
        raise refused[0].error
    for summary in summaries:
        tell(summary, voice)
        if not voice.as_json and not voice.quiet:
            _tell_next(summary)
    for path, error in refused:
        if voice.as_json:
            voices.emit("error", **error_fields(error, path))
        else:
            voices.complain(f"usenetsync: {safe_name(path)}: {safe_name(str(error))}")
    if interrupted and not summaries:
        tell_interrupted(voice)
    ends = {CODES[summary.outcome.state] for summary in summaries}
    return worst(ends | {Exit(r.error.exit_code) for r in refused}, interrupted=interrupted)


def worst(ends: Collection[Exit], *, interrupted: bool = False) -> Exit:
    """The exit code of a command, from those of its folders.

    It is `INCOMPLETE` if the upload of some folders succeeds and of others fails.
    """
    if interrupted or Exit.INTERRUPTED in ends:
        return Exit.INTERRUPTED
    saved = {Exit.DONE, Exit.INCOMPLETE}.intersection(ends)
    lost = {Exit.FAILED, Exit.USAGE}.intersection(ends)
    if saved and lost:
        return Exit.INCOMPLETE
    if lost:
        return Exit.USAGE if lost == {Exit.USAGE} else Exit.FAILED
    return Exit.INCOMPLETE if Exit.INCOMPLETE in saved else Exit.DONE


def _tell_next(summary: Summary) -> None:
    """Print the commands that a user may want next."""
    if summary.outcome.state is JobState.QUEUED:
        voices.say(f"  {GOES_ON}")
        return
    if summary.outcome.refusal is not None:
        return  # the refusal itself gives advice
    if not summary.outcome.version:
        return
    name = shlex.quote(summary.folder.name)
    path = shlex.quote(os.fsdecode(summary.folder.path))
    voices.say("Next:")
    voices.say(f"  {program()} tui {safe_name(path)}    opens the screen")
    voices.say(f"  {program()} restore {name} TARGET    restores it into TARGET")
