"""`usenetsync forget FOLDER VERSION…` and `usenetsync remove FOLDER`."""

from __future__ import annotations

import click

from usenetsync_tui.cli.arguments import Name, wait_option
from usenetsync_tui.cli.completing import complete_folder, complete_version
from usenetsync_tui.cli.deferred import loaded_from
from usenetsync_tui.cli.keeping.options import keep_options
from usenetsync_tui.cli.options import detach_option, json_option, quiet_option


@click.command()
@click.argument("folder", type=Name(), shell_complete=complete_folder)
@click.argument(
    "versions",
    metavar="VERSION…",
    type=click.IntRange(1),
    nargs=-1,
    shell_complete=complete_version,
)
@keep_options
@click.option(
    "--policy",
    is_flag=True,
    help="Keep what the folder's own keep rules keep, those of `keep` or of the settings.  "
    "[default: name versions or rules]",
)
@click.option(
    "--dry-run",
    is_flag=True,
    help="Only list the versions, and the bytes that this would free; with rules, also which rule "
    "keeps which version.  [default: forget them]",
)
@click.option(
    "-y", "--yes", is_flag=True, help="Do not ask before forgetting them.  [default: ask]"
)
@wait_option
@detach_option
@quiet_option
@json_option
@loaded_from("retention.forget")
def forget() -> None:
    """Forget versions of FOLDER, and delete what only they need.

    Name the versions, or the rules for those that stay: each version that no rule keeps is
    forgotten, but never a protected one, nor the newest. Kept versions are not touched. In shards
    the database gets smaller; on Usenet nothing can be deleted: the articles stay there, unread and
    unchecked.
    """


@click.command()
@click.argument("folder", type=Name(), shell_complete=complete_folder)
@click.option("-y", "--yes", is_flag=True, help="Do not ask for the folder's name.  [default: ask]")
@wait_option
@detach_option
@quiet_option
@json_option
@loaded_from("retention.remove")
def remove() -> None:
    """Remove FOLDER with all its versions from the catalogue.

    The files on disk are not touched. In shards all its articles are deleted, except those that
    other folders share; on Usenet they stay.
    """
