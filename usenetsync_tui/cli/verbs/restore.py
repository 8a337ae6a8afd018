"""`usenetsync restore FOLDER TARGET` and `usenetsync verify FOLDER`."""

from __future__ import annotations

import click

from usenetsync_tui.cli.arguments import AnyPath, Name, Sample, wait_option
from usenetsync_tui.cli.completing import complete_folder
from usenetsync_tui.cli.deferred import loaded_from
from usenetsync_tui.cli.options import detach_option, json_option, quiet_option, version_option
from usenetsync_tui.cli.recovery_options import recovery_options


@click.command()
@click.argument("folder", type=Name(), shell_complete=complete_folder)
@click.argument("target", type=AnyPath())
@version_option
@click.option(
    "--path",
    "paths",
    type=Name(),
    multiple=True,
    metavar="PATH",
    help="Only this file or folder inside it; several times for several.  [default: everything]",
)
@click.option(
    "--in-place",
    is_flag=True,
    help="Restore even if TARGET is the folder itself, inside it or around it: files that differ "
    "from the version are replaced.  [default: refuse]",
)
@click.option(
    "--numeric-ids",
    is_flag=True,
    help="Give owners and groups, also those in ACLs, the numbers they had.  [default: the numbers "
    "that their names have here]",
)
@recovery_options
@detach_option
@quiet_option
@json_option
@loaded_from("restore")
def restore() -> None:
    """Restore a version of FOLDER into TARGET.

    Identical files are left alone; differing files are replaced. FOLDER may be a recovery string:
    then no catalogue is needed. "-" reads it from standard input.
    """


@click.command()
@click.argument("folder", type=Name(), shell_complete=complete_folder)
@click.option(
    "--body",
    is_flag=True,
    help="Fetch every article and check its bytes.  [default: ask whether the store has it]",
)
@click.option(
    "--sample",
    type=Sample(),
    metavar="1/N",
    default=1,
    help="Fetch and check one of N parts of the articles, another part each time: N runs check "
    "everything.  [default: all of them]",
)
@wait_option
@detach_option
@quiet_option
@json_option
@loaded_from("restore")
def verify() -> None:
    """Check that the store still holds every article of FOLDER.

    Missing and damaged articles are posted again from the folder. An interrupted check continues
    where it was.
    """
