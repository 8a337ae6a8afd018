"""`usenetsync move FOLDER NEWPATH`."""

from __future__ import annotations

import click

from usenetsync_tui.cli.arguments import AnyPath, Name, wait_option
from usenetsync_tui.cli.completing import complete_folder
from usenetsync_tui.cli.deferred import loaded_from
from usenetsync_tui.cli.options import json_option


@click.command()
@click.argument("folder", type=Name(), shell_complete=complete_folder)
@click.argument("newpath", type=AnyPath())
@wait_option
@json_option
@loaded_from("move")
def move() -> None:
    """Go on with FOLDER at NEWPATH, where it is now.

    It keeps its name, its versions, its choices and its key; no file is moved or posted. The next
    upload reads what differs: nothing, if the folder has only another name on the same disk.
    """
