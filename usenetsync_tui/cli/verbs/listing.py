"""`usenetsync folders`, `snapshots FOLDER` and `files FOLDER`."""

from __future__ import annotations

import click

from usenetsync_tui.cli.arguments import Name
from usenetsync_tui.cli.completing import complete_folder
from usenetsync_tui.cli.deferred import loaded_from
from usenetsync_tui.cli.options import json_option, version_option
from usenetsync_tui.cli.recovery_options import recovery_options


@click.command(name="folders")
@json_option
@loaded_from("listing")
def list_folders() -> None:
    """List the folders that are backed up."""


@click.command(name="snapshots")
@click.argument("folder", type=Name(), shell_complete=complete_folder)
@recovery_options
@json_option
@loaded_from("listing")
def list_snapshots() -> None:
    """List the versions of FOLDER.

    FOLDER may be a recovery string: then no catalogue is needed. "-" reads it from standard input.
    """


@click.command(name="files")
@click.argument("folder", type=Name(), shell_complete=complete_folder)
@version_option
@click.option(
    "--path",
    "prefix",
    type=Name(),
    metavar="PREFIX",
    help="Only this file or folder inside it.  [default: everything]",
)
@click.option("--digests", is_flag=True, help="Print the digest of each file's content too.")
@recovery_options
@json_option
@loaded_from("listing")
def list_files() -> None:
    """List the files of a version of FOLDER.

    FOLDER may be a recovery string: then no catalogue is needed. "-" reads it from standard input.
    """
