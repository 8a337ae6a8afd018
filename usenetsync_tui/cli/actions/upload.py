"""`usenetsync upload PATH…`: backs up folders without the screen."""

from __future__ import annotations

import os
import shlex
from collections.abc import Collection, Sequence
from pathlib import Path

import click

from usenetsync_tui.cli.actions.folders_typed import RefusedFolder, sorted_out
from usenetsync_tui.cli.actions.job_report import CODES, OWN_IN_PUBLIC, tell
from usenetsync_tui.cli.errand.detached import detached
from usenetsync_tui.cli.errand.errand import Errand, WantedJob, with_progress
from usenetsync_tui.cli.filters.dry_run import dry_run as dry_run_of
from usenetsync_tui.cli.filters.typed import filters_typed
from usenetsync_tui.cli.options import Voice
from usenetsync_tui.cli.output import voices
from usenetsync_tui.cli.output.exposure import warn_of_servers
from usenetsync_tui.cli.output.json_fields import error_fields
from usenetsync_tui.cli.program import program
from usenetsync_tui.cli.run import Exit, environment, start
from usenetsync_tui.cli.signals import GOES_ON, tell_interrupted
from usenetsync_tui.errors import UsageError
from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.commands.jobs import Upload
from usenetsync_tui.model.folders import Compression, Priority, Profile, StoreKind
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.outcomes import Summary
from usenetsync_tui.model.servers.headers import (
    newsgroups_problem,
    newsgroups_typed,
    poster_problem,
)
from usenetsync_tui.model.text.safe_name import safe_name
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
    as_new: bool,
    own_files: bool | None,
    ignore_inode: bool | None,
    newsgroups: str | None,
    poster: str | None,
    obfuscate: bool | None,
    exclude: tuple[str, ...],
    exclude_file: tuple[Path, ...],
    exclude_if_present: tuple[str, ...],
    exclude_caches: bool | None,
    exclude_larger_than: int | None,
    one_file_system: bool | None,
    clear_filters: bool,
    dry_run: bool,
    wait: float,
    detach: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Upload each folder, and print the result. Ends the process with its exit code.

    `click.UsageError` for newsgroups, a poster or filters that are not allowed.
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
        filters=filters_typed(
            exclude,
            exclude_file,
            exclude_if_present,
            exclude_caches,
            exclude_larger_than,
            one_file_system,
            clear_filters,
        ),
    )
    wanted = UploadOptions(choices, allow_shrink, as_new, wait, detach)
    if dry_run:
        if detach:
            raise click.UsageError("--dry-run prints what it finds: leave out --detach.")
        start(
            lambda: _dry_run(paths, wanted, as_json=as_json),
            as_json=as_json,
            output_is_the_work=True,
        )
        return
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
    as_new: bool
    """Each is another folder than those that are known."""
    wait: float
    """Seconds to wait while another program is using the catalogue."""
    detach: bool
    """Leave the work to the engine that runs."""


async def _upload(paths: tuple[Path, ...], wanted: UploadOptions, voice: Voice) -> Exit:
    settings, locations = environment()
    choices = wanted.choices
    if choices.store is StoreKind.USENET and not settings.servers:
        raise UsageError("There is no server: add a [[servers]] table to config.toml.")
    kept, refused = sorted_out(paths)
    if not kept:
        return conclude((), refused, voice, interrupted=False)
    wishes = [
        WantedJob(Upload(folder, choices, wanted.allow_shrink, wanted.as_new)) for folder in kept
    ]
    errand = Errand(settings, locations, wishes, what="upload", voice=voice, wait=wanted.wait)
    if not voice.quiet:
        _warn(settings, choices)
    if wanted.detach:
        await detached(settings, locations, wishes, "upload", voice)
    else:
        await with_progress(errand, voice)
    summaries = [each.summary for each in wishes if each.summary is not None]
    for folder, each in zip(kept, wishes, strict=True):
        if each.refused is not None:
            refused.append(RefusedFolder(folder, each.refused))
    return conclude(summaries, refused, voice, interrupted=errand.interrupted)


async def _dry_run(paths: tuple[Path, ...], wanted: UploadOptions, *, as_json: bool) -> Exit:
    kept, refused = sorted_out(paths)
    if refused and not kept:
        raise refused[0].error
    end = await dry_run_of(kept, wanted.choices, allow_shrink=wanted.allow_shrink, as_json=as_json)
    tell_refused(refused, as_json=as_json)
    return worst({end, *(Exit(r.error.exit_code) for r in refused)})


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


def conclude(
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
    tell_refused(refused, as_json=voice.as_json)
    if interrupted and not summaries:
        tell_interrupted(voice)
    ends = {CODES[summary.outcome.state] for summary in summaries}
    return worst(ends | {Exit(r.error.exit_code) for r in refused}, interrupted=interrupted)


def tell_refused(refused: Sequence[RefusedFolder], *, as_json: bool) -> None:
    """Print why each of these folders is not uploaded."""
    for path, error in refused:
        if as_json:
            voices.emit("error", **error_fields(error, path))
        else:
            voices.complain(f"usenetsync: {safe_name(path)}: {safe_name(str(error))}")


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
