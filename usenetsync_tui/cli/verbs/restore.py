"""`usenetsync restore FOLDER TARGET` and `usenetsync verify FOLDER`."""

from __future__ import annotations

import click

from usenetsync_tui.cli.arguments import AnyPath, Name, OneOf, Sample, wait_option
from usenetsync_tui.cli.completing import complete_folder
from usenetsync_tui.cli.deferred import loaded_from
from usenetsync_tui.cli.options import detach_option, json_option, quiet_option, version_option
from usenetsync_tui.cli.recovery_options import recovery_options
from usenetsync_tui.model.restores.choices import Overwrite


@click.command()
@click.argument("folder", type=Name(), shell_complete=complete_folder)
@click.argument("target", type=AnyPath(), required=False)
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
    "--exclude",
    multiple=True,
    type=Name(),
    metavar="PATTERN",
    help="Neither restore nor delete what matches, in gitignore's syntax; several times for "
    "several patterns, the last that matches decides.  [default: nothing]",
)
@click.option(
    "--overwrite",
    type=OneOf([*map(str, Overwrite)]),
    default=str(Overwrite.ALWAYS),
    metavar="WHEN",
    help="Replace an existing file that differs: always (its bytes are compared), if-changed (if "
    "its size, time, mode or owner differ), if-newer (if the version's is newer) or never.  "
    "[default: always]",
)
@click.option(
    "--delete",
    is_flag=True,
    help="Then delete what the version does not have, in the restored part only, and not what the "
    "folder's filters or --exclude match; asks first.  [default: keep it]",
)
@click.option("-y", "--yes", is_flag=True, help="Do not ask before deleting.  [default: ask]")
@click.option(
    "-n",
    "--dry-run",
    is_flag=True,
    help="Only print what would happen to each path: create, overwrite, keep, delete.  "
    "[default: restore]",
)
@click.option(
    "--in-place",
    is_flag=True,
    help="Without TARGET: restore to the folder's own path. With it: restore even if TARGET is the "
    "folder itself, inside it or around it.  [default: refuse]",
)
@click.option(
    "--recreate",
    is_flag=True,
    help="With --in-place: even if the folder is gone or empty, as when a disk is not mounted.  "
    "[default: refuse]",
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
@loaded_from("restoring.restore")
def restore() -> None:
    """Restore a version of FOLDER into TARGET.

    Identical files are left alone; differing files are replaced; other files stay: --overwrite and
    --delete change that. FOLDER may be a recovery string: then no catalogue is needed. "-" reads
    it from standard input.
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
@loaded_from("verify")
def verify() -> None:
    """Check that the store still holds every article of FOLDER.

    Missing and damaged articles are posted again from the folder. An interrupted check continues
    where it was.
    """
