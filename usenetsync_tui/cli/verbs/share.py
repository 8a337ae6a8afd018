"""`usenetsync share FOLDER`."""

from __future__ import annotations

from pathlib import Path

import click

from usenetsync_tui.cli.arguments import Name
from usenetsync_tui.cli.completing import complete_folder
from usenetsync_tui.cli.deferred import loaded_from
from usenetsync_tui.cli.options import json_option


@click.command()
@click.argument("folder", type=Name(), shell_complete=complete_folder)
@click.option(
    "--passphrase-file",
    type=click.Path(path_type=Path),
    help="The recovery string opens nothing without the passphrase in this file.",
)
@json_option
@loaded_from("share")
def share() -> None:
    """Print the recovery string of FOLDER.

    With it and the servers, a bare machine brings back every version. Write it down once: it stays
    the same. Whoever has it can read the folder.
    """
