"""`usenetsync share FOLDER`."""

from __future__ import annotations

import click

from usenetsync_tui.cli.arguments import AnyPath, Name
from usenetsync_tui.cli.completing import complete_folder
from usenetsync_tui.cli.deferred import loaded_from
from usenetsync_tui.cli.options import json_option


@click.command()
@click.argument("folder", type=Name(), shell_complete=complete_folder)
@click.option(
    "--passphrase-file",
    type=AnyPath(of_file=True),
    metavar="FILE",
    help="The string opens nothing without the passphrase in FILE, its first line.  "
    "[default: none]",
)
@click.option("--qr", is_flag=True, help="Print a QR code, too.")
@click.option(
    "-o",
    "--output",
    type=AnyPath(of_file=True),
    metavar="FILE",
    help="Write the string into a new file that only you can read, instead of printing it.",
)
@json_option
@loaded_from("by_string.share")
def share() -> None:
    """Print the recovery string of FOLDER.

    With it and the store, a bare machine brings back every version. Write it down once: it stays
    the same. Anyone who has it can read the folder. What is missing of its index is posted.
    """
