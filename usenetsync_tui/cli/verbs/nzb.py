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
    help="Write an NZB for each subfolder to DIR instead, and one for files outside subfolders.",
)
@version_option
@click.option("--force", is_flag=True, help="Replace existing files.  [default: refuse]")
@quiet_option
@json_option
@loaded_from("nzb")
def nzb() -> None:
    """List the articles of FOLDER, uploaded with --profile plain, in an NZB file."""
