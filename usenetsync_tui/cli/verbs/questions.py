"""`usenetsync diff`, `find`, `history`, `stats` and `cat`."""

from __future__ import annotations

import click

from usenetsync_tui.cli.arguments import Name
from usenetsync_tui.cli.completing import complete_folder, complete_version
from usenetsync_tui.cli.deferred import loaded_from
from usenetsync_tui.cli.options import json_option, version_option
from usenetsync_tui.cli.recovery_options import recovery_options


@click.command()
@click.argument("folder", type=Name(), shell_complete=complete_folder)
@click.argument("first", metavar="V1", type=click.IntRange(1), shell_complete=complete_version)
@click.argument(
    "second",
    metavar="[V2]",
    type=click.IntRange(1),
    required=False,
    shell_complete=complete_version,
)
@json_option
@loaded_from("questions.diff")
def diff() -> None:
    """List what differs between versions V1 and V2 of FOLDER, and in what.

    Without V2, the newest finished version is compared. A file whose time alone differs is listed,
    a folder only if it was added, removed, or has another mode or owner.
    """


@click.command()
@click.argument("pattern", type=Name(), nargs=-1, required=True)
@click.option(
    "--folder",
    type=Name(),
    metavar="FOLDER",
    shell_complete=complete_folder,
    help="Only in this folder.  [default: in all]",
)
@click.option(
    "--version",
    type=click.IntRange(1),
    metavar="N",
    shell_complete=complete_version,
    help="Only in this version.  [default: in all]",
)
@json_option
@loaded_from("questions.find")
def find() -> None:
    """Find files in all folders and versions, newest first.

    PATTERN is a filter as in the lists of files: words that occur in the path, globs such as
    '*.jpg', sizes such as '>10M'; with several, all must match.
    """


@click.command()
@click.argument("folder", type=Name(), shell_complete=complete_folder)
@click.argument("path", type=Name())
@json_option
@loaded_from("questions.history")
def history() -> None:
    """List each version in which the file PATH of FOLDER changed, newest first."""


@click.command()
@click.argument("folder", type=Name(), required=False, shell_complete=complete_folder)
@json_option
@loaded_from("questions.stats")
def stats() -> None:
    """Print the sizes of all folders, or of FOLDER with what each version cost.

    Newest and All versions are bytes of files; Unique is what is left of them after deduplication,
    Compressed after compression, and Posted counts every copy that is in the store.
    """


@click.command(name="cat")
@click.argument("folder", type=Name(), shell_complete=complete_folder)
@click.argument("path", type=Name())
@version_option
@recovery_options
@loaded_from("questions.cat")
def cat() -> None:
    """Write the file PATH of FOLDER to standard output.

    Every byte is checked before it is written. FOLDER may be a recovery string: then no catalogue
    is needed. "-" reads it from standard input.
    """
