"""`usenetsync nzb FOLDER -o FILE`."""

from __future__ import annotations

import click

from usenetsync_tui.cli.arguments import AnyPath, Name
from usenetsync_tui.cli.completing import complete_folder
from usenetsync_tui.cli.deferred import loaded_from
from usenetsync_tui.cli.options import json_option, quiet_option, version_option


@click.command(name="nzb")
@click.argument("folder", type=Name(), shell_complete=complete_folder)
@click.option(
    "-o",
    "--output",
    type=AnyPath(of_file=True),
    metavar="FILE",
    help="The NZB to write; - is standard output.",
)
@click.option(
    "--each-subfolder",
    type=AnyPath(),
    metavar="DIR",
    help="Write an NZB for each subfolder into DIR instead, and one for the files in none.",
)
@version_option
@click.option("--force", is_flag=True, help="Replace files that are there.  [default: refuse]")
@quiet_option
@json_option
@loaded_from("nzb")
def nzb() -> None:
    """Write the articles of FOLDER, kept with --profile plain, as an NZB file."""
