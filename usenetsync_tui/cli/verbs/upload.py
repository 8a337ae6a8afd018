"""`usenetsync upload PATH…`."""

from __future__ import annotations

import click

from usenetsync_tui.cli.arguments import AnyPath, Name, OneOf, wait_option
from usenetsync_tui.cli.deferred import loaded_from
from usenetsync_tui.cli.filters.options import filter_options
from usenetsync_tui.cli.options import detach_option, json_option, quiet_option
from usenetsync_tui.model.folders import Compression, Priority, Profile


@click.command()
@click.argument("paths", nargs=-1, required=True, type=AnyPath())
@click.option(
    "--store",
    type=OneOf(["shards", "usenet"]),
    help="Where to store the articles.  [default: usenet if a server is configured]",
)
@click.option(
    "--profile",
    type=OneOf([p.value for p in Profile]),
    help="Storage format: sealed (encrypted), packed, or plain for any newsreader.  "
    "[default: sealed on usenet, packed in shards]",
)
@click.option(
    "--compression",
    type=OneOf([c.value for c in Compression]),
    help="How to compress segments; plain ones are never compressed.  [default: lz4]",
)
@click.option("--copies", type=click.IntRange(1, 10), help="Copies of each segment.  [default: 1]")
@click.option(
    "--priority",
    type=OneOf([p.name.lower() for p in Priority]),
    help="Jobs with a higher priority run first.  [default: normal]",
)
@click.option(
    "--allow-shrink",
    is_flag=True,
    help="Upload even if most files are gone or the folder is on a different disk.  "
    "[default: refuse]",
)
@click.option(
    "--as-new",
    is_flag=True,
    help="It is a new folder, even if its directory is that of a known one.  [default: refuse]",
)
@click.option(
    "--include-own-files/--exclude-own-files",
    "own_files",
    default=None,
    help="Whether to back up UsenetSync's own configuration, keys and logs if a folder contains "
    "them. Its database is never backed up.  [default: exclude]",
)
@click.option(
    "--ignore-inode/--compare-inode",
    default=None,
    help="Whether to ignore a changed inode number, or to read the file again.  [default: compare]",
)
@click.option(
    "--newsgroups",
    type=Name(),
    metavar="NAMES",
    help="Where to post from now on: newsgroups separated by commas.  "
    "[default: as before; for a new folder, as in the settings]",
)
@click.option(
    "--poster",
    type=Name(),
    metavar="POSTER",
    help='The poster of plain articles from now on: "Name <name@example.com>".  '
    "[default: as before; for a new folder, as in the settings]",
)
@click.option(
    "--obfuscate/--no-obfuscate",
    default=None,
    help="Whether plain articles get a random subject, poster and name, so that only the NZB has "
    "the real names.  [default: no]",
)
@filter_options
@click.option(
    "--dry-run",
    is_flag=True,
    help="Print what would be added, modified, removed and excluded, and why; change nothing.  "
    "[default: upload]",
)
@wait_option
@detach_option
@quiet_option
@json_option
@loaded_from("upload")
def upload() -> None:
    """Make a new version of each folder at PATHS. Choices are remembered per folder.

    A folder that is missing or refused is reported, and the others are uploaded: exit code 3.
    """
