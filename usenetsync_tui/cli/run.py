"""What every verb needs: settings, places, a catalogue to look into, and exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from enum import IntEnum
from functools import cache
from typing import TypeVar

import anyio
import click

from usenetsync_tui.catalogue import folders
from usenetsync_tui.catalogue.session import Catalogue, Transaction
from usenetsync_tui.cli import progress, signals, words
from usenetsync_tui.cli.log import log_to
from usenetsync_tui.cli.signals import until_stopped
from usenetsync_tui.engine.opening import OpenCatalogue, open_catalogue
from usenetsync_tui.errors import UnknownFolderError, UsenetSyncError, leading_error
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.model.waiting import Waits
from usenetsync_tui.settings import Settings, load_settings

_T = TypeVar("_T")


class Exit(IntEnum):
    """Exit codes of DESIGN §9."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    INCOMPLETE = 3
    INTERRUPTED = signals.INTERRUPTED


def environment() -> tuple[Settings, Locations]:
    """The settings and places of this user; from here on libraries log to a file there."""
    locations = Locations.find(os.environ)
    _tighten(locations)
    log_to(locations.log_dir)
    return load_settings(locations.config_dir), locations


@cache
def _tighten(locations: Locations) -> None:
    """Once: a verb may ask for its environment twice."""
    for line in locations.tighten():
        words.complain(f"usenetsync: {safe_name(line)}")


def start(verb: Callable[[], Awaitable[Exit]], *, as_json: bool) -> None:
    """Run a verb to its exit code; an error of ours is a sentence, not a traceback."""
    try:
        code = anyio.run(until_stopped, verb, Exit.INTERRUPTED, as_json)
    except BaseException as error:
        failure = leading_error(error)
        if isinstance(failure, KeyboardInterrupt):
            sys.exit(Exit.INTERRUPTED)
        if isinstance(failure, BrokenPipeError):  # `| head` has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(Exit.FAILED)
        if not isinstance(failure, UsenetSyncError):
            raise
        if as_json:
            words.emit("error", message=str(failure), kind=type(failure).__name__)
        else:
            words.complain(f"usenetsync: {safe_name(str(failure))}")
        sys.exit(failure.exit_code)
    sys.exit(int(code))


@asynccontextmanager
async def looking(what: str, *, as_json: bool = False) -> AsyncIterator[OpenCatalogue]:
    """A catalogue to look into, with few connections, beside an engine that may be at work.

    What its opening waits for is said.
    """
    settings, locations = environment()
    waits, telling = Waits(), anyio.CancelScope()

    async def tell() -> None:
        with telling:
            await progress.show(lambda: None, as_json=as_json, waiting=lambda: waits.current)

    async with anyio.create_task_group() as group:
        group.start_soon(tell)
        async with open_catalogue(settings, locations, what, waits=waits) as opened:
            telling.cancel()
            yield opened


async def folder_named(tx: Transaction, word: str) -> Folder:
    """The folder a user means by a name, a path or an id. `UnknownFolderError`."""
    found = await folders.find(tx, word, os.path.realpath(os.fsencode(word)))
    if found is None:
        known = ", ".join(f.name for f in await folders.every(tx)) or "none yet"
        raise UnknownFolderError(f"{safe_name(word)!r}. Folders: {known}.")
    return found


def json_option(function: Callable[..., _T]) -> Callable[..., _T]:
    """`--json`, the same for every verb."""
    option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
    decorated: Callable[..., _T] = option(function)
    return decorated


__all__ = [
    "Catalogue",
    "Exit",
    "environment",
    "folder_named",
    "json_option",
    "looking",
    "start",
]
