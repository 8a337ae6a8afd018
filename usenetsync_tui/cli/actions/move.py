"""`usenetsync move`: a folder is at another path from now on."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from usenetsync_tui.cli.errand.request import Request
from usenetsync_tui.cli.options import Voice
from usenetsync_tui.cli.output import voices
from usenetsync_tui.cli.program import program
from usenetsync_tui.cli.run import (
    Exit,
    catalogue_to_read,
    environment,
    folder_named,
    start,
    waits_said,
)
from usenetsync_tui.engine.opening import OpenCatalogue
from usenetsync_tui.engine.requests.moved_folder import change_path
from usenetsync_tui.environment import real_path
from usenetsync_tui.model.commands.folders import MoveFolder
from usenetsync_tui.model.folders import MovedFolder
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.waiting import Waits


def move(folder: str, newpath: Path, wait: float, as_json: bool) -> None:
    """Change the path of a folder, and print both. Ends the process with its exit code."""
    start(lambda: _move(folder, os.fsencode(newpath), wait, as_json), as_json=as_json)


async def _move(word: str, path: bytes, wait: float, as_json: bool) -> Exit:
    settings, locations = environment()
    async with catalogue_to_read("move", quiet=True) as opened:
        async with opened.catalogue.transaction() as tx:
            folder = await folder_named(tx, word)
    wanted, waits = MoveFolder(folder.id, real_path(path)), Waits()

    async def command() -> MoveFolder:
        return wanted

    async def alone(opened: OpenCatalogue) -> MovedFolder:
        return await change_path(opened.catalogue, wanted)

    request = Request[MovedFolder](
        settings, locations, what="move", voice=Voice(as_json), waits=waits, wait=wait
    )
    async with waits_said(waits):
        moved = await request.run(command, alone)
    if moved is None:
        return Exit.INTERRUPTED
    if as_json:
        voices.emit("moved", folder=moved.name, before=moved.before, path=moved.path)
        return Exit.DONE
    shown = safe_name(moved.path)
    voices.say(f"{moved.name}: was {safe_name(moved.before)}, is {shown}")
    voices.say("Next:")
    voices.say(f"  {program()} upload {shlex.quote(shown)}    reads and posts what differs")
    return Exit.DONE
