"""`usenetsync tui PATH…`."""

from __future__ import annotations

import click

from usenetsync_tui.cli.arguments import AnyPath
from usenetsync_tui.cli.deferred import loaded_from


@click.command()
@click.argument("paths", nargs=-1, type=AnyPath())
@click.option("--no-mouse", is_flag=True, help="Leave the mouse to the terminal.")
@loaded_from("screen")
def tui() -> None:
    """Open the screen; add the folders at PATHS and start uploading them.

    A folder that is missing or refused is reported, on the screen and after it, and the others
    are uploaded: exit code 3.
    """
