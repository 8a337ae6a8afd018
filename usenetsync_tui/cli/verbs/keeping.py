"""`usenetsync keep FOLDER`, `tag FOLDER VERSION TAG…` and `protect FOLDER VERSION…`."""

from __future__ import annotations

import click

from usenetsync_tui.cli.arguments import Name, wait_option
from usenetsync_tui.cli.completing import complete_folder, complete_version
from usenetsync_tui.cli.deferred import loaded_from
from usenetsync_tui.cli.keeping.options import Tag, keep_options
from usenetsync_tui.cli.options import json_option


@click.command()
@click.argument("folder", type=Name(), shell_complete=complete_folder)
@keep_options
@click.option(
    "--off",
    is_flag=True,
    help="Keep every version, whatever the settings say.  [default: leave the rules as they are]",
)
@click.option(
    "--default",
    "as_settings",
    is_flag=True,
    help="Follow the rules of the settings.  [default: leave the rules as they are]",
)
@wait_option
@json_option
@loaded_from("keeping.keep")
def keep() -> None:
    """Say which versions of FOLDER are kept, and show which are.

    The rules of this command replace those that the folder has, and run after each of its uploads:
    a version that no rule keeps is forgotten then. Without options, only show them. Nothing is
    forgotten by this command.
    """


@click.command()
@click.argument("folder", type=Name(), shell_complete=complete_folder)
@click.argument("version", type=click.IntRange(1), shell_complete=complete_version)
@click.argument("tags", nargs=-1, type=Tag(), metavar="TAG…")
@click.option(
    "--remove",
    is_flag=True,
    help="Take the tags away; without a TAG all of them.  [default: add them]",
)
@wait_option
@json_option
@loaded_from("keeping.marking")
def tag() -> None:
    """Add tags to a version of FOLDER, for --keep-tag and for you."""


@click.command()
@click.argument("folder", type=Name(), shell_complete=complete_folder)
@click.argument(
    "versions",
    nargs=-1,
    required=True,
    type=click.IntRange(1),
    metavar="VERSION…",
    shell_complete=complete_version,
)
@click.option("--remove", is_flag=True, help="Take the protection away.  [default: protect]")
@wait_option
@json_option
@loaded_from("keeping.marking")
def protect() -> None:
    """Protect versions of FOLDER: nothing forgets them until you take that back."""
