"""Sends one command about what is kept to the engine that runs, or carries it out here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.cli.errand.request import Request
from usenetsync_tui.cli.options import Voice
from usenetsync_tui.cli.run import catalogue_to_read, environment, folder_named, waits_said
from usenetsync_tui.engine.opening import OpenCatalogue
from usenetsync_tui.model.answers import Result
from usenetsync_tui.model.commands.command import Command
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.waiting import Waits

R = TypeVar("R", bound=Result)
C = TypeVar("C", bound=Command)


async def folder_meant(word: str, verb: str) -> Folder:
    """The folder that the user typed. `UnknownFolderError`."""
    async with catalogue_to_read(verb, quiet=True) as opened:
        async with opened.catalogue.transaction() as tx:
            return await folder_named(tx, word)


async def asked(
    wanted: C, here: Callable[[Catalogue, C], Awaitable[R]], verb: str, wait: float, voice: Voice
) -> R | None:
    """What a command brought about; None: a signal came.

    `here` does the same as an engine, where none runs. Raises why it was refused.
    """
    settings, locations = environment()
    waits = Waits()

    async def command() -> C:
        return wanted

    async def alone(opened: OpenCatalogue) -> R:
        return await here(opened.catalogue, wanted)

    request = Request[R](settings, locations, what=verb, voice=voice, waits=waits, wait=wait)
    async with waits_said(waits):
        return await request.run(command, alone)
