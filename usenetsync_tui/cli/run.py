"""Shared steps of the verbs that print: an open catalogue, waits, signals and exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import anyio

from usenetsync_tui.catalogue.session import Catalogue, Transaction
from usenetsync_tui.catalogue.tables import folders
from usenetsync_tui.cli import collector, streams
from usenetsync_tui.cli.exit_codes import Exit
from usenetsync_tui.cli.options import Voice
from usenetsync_tui.cli.output import progress, voices
from usenetsync_tui.cli.output.json_fields import error_fields
from usenetsync_tui.cli.signals import until_stopped
from usenetsync_tui.cli.surroundings import environment
from usenetsync_tui.engine.opening import OpenCatalogue, open_catalogue
from usenetsync_tui.environment import real_path
from usenetsync_tui.errors import UnknownFolderError, UsageError, UsenetSyncError, leading_error
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.text.nearest import did_you_mean
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.waiting import Waiting, Waits
from usenetsync_tui.settings.settings import Settings


def start(
    verb: Callable[[], Awaitable[Exit]], *, as_json: bool, output_is_the_work: bool = False
) -> None:
    """Run a verb and exit with its code; print our own errors as a sentence, not a traceback.

    `output_is_the_work`: the verb only prints, so it ends if it cannot print (`streams`).
    """
    collector.resume()
    streams.output_is_the_work(output_is_the_work)
    try:
        code = anyio.run(until_stopped, verb, Exit.INTERRUPTED)
    except BaseException as error:
        failure = leading_error(error)
        if isinstance(failure, KeyboardInterrupt):
            sys.exit(Exit.INTERRUPTED)
        if isinstance(failure, streams.OutputLostError):
            raise failure from None
        if not isinstance(failure, UsenetSyncError):
            raise
        if as_json:
            voices.emit("error", **error_fields(failure))
        else:
            voices.complain(f"usenetsync: {safe_name(str(failure))}")
        sys.exit(failure.exit_code)
    sys.exit(int(code))


@asynccontextmanager
async def catalogue_to_read(what: str, *, quiet: bool = False) -> AsyncIterator[OpenCatalogue]:
    """An open catalogue for a verb that prints its contents, while an engine may be running.

    Prints what it waits for, unless `quiet`.
    """
    settings, locations = environment()
    waits = Waits()
    async with (
        waits_said(waits, quiet=quiet) as begin_to_print,
        open_catalogue(settings, locations, what, waits=waits) as opened,
    ):
        begin_to_print()
        yield opened


@asynccontextmanager
async def catalogue_to_work(
    what: str, waits: Waits, *, quiet: bool = False
) -> AsyncIterator[OpenCatalogue]:
    """An open catalogue for a verb that prints nothing meanwhile, except what it waits for."""
    settings, locations = environment()
    async with (
        waits_said(waits, quiet=quiet),
        open_catalogue(settings, locations, what, waits=waits) as opened,
    ):
        yield opened


@asynccontextmanager
async def catalogue_for_job(
    what: str,
    voice: Voice,
    figures: progress.Figures,
    changed: Settings | None = None,
    *,
    waiting: progress.WaitedFor | None = None,
) -> AsyncIterator[OpenCatalogue]:
    """An open catalogue for a job of a verb; shows the progress from `figures`.

    `changed`: the settings with options of the verb. `waiting`: what the job waits for, besides
    the catalogue.
    """
    settings, locations = environment()
    settings = changed or settings
    waits = Waits()

    def waited_for() -> Waiting | None:
        return waits.current or (waiting() if waiting is not None else None)

    async with (
        progress.shown(figures, voice, waited_for),
        open_catalogue(settings, locations, what, waits=waits) as opened,
    ):
        yield opened


@asynccontextmanager
async def waits_said(waits: Waits, *, quiet: bool = False) -> AsyncIterator[Callable[[], None]]:
    """Print on standard error what the verb waits for; standard output is for its results.

    On a terminal this is a changing line until the caller calls the yielded function; afterwards,
    and without a terminal, one line for each long wait.
    """
    before = anyio.CancelScope()

    async def say() -> None:
        with before:
            voice = Voice(quiet=quiet)
            await progress.show(_no_job, voice, waiting=lambda: waits.current)
        if not quiet:
            await progress.say_waits(_no_job, lambda: waits.current)

    async with anyio.create_task_group() as group:
        group.start_soon(say)
        yield before.cancel
        group.cancel_scope.cancel()


def _no_job() -> None:
    return None


async def folder_named(tx: Transaction, word: str) -> Folder:
    """The folder with the name, path or id that a user typed. `UnknownFolderError`."""
    path = os.fsencode(word)
    with suppress(UsageError):  # without a current folder the word can still be a name
        path = real_path(os.fsencode(word))
    found = await folders.find(tx, safe_name(word), path)
    if found is None:
        names = [folder.name for folder in await folders.every(tx)]
        near = did_you_mean(safe_name(word), names)
        known = ", ".join(names) or "none yet"
        raise UnknownFolderError(
            f'"{safe_name(word)}" is not the name, path or id of one.{near} Folders: {known}.'
        )
    return found


__all__ = [
    "Catalogue",
    "Exit",
    "catalogue_for_job",
    "catalogue_to_read",
    "catalogue_to_work",
    "environment",
    "folder_named",
    "start",
    "waits_said",
]
