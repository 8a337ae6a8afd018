"""`usenetsync upload PATH…`."""

from __future__ import annotations

import click

from usenetsync_tui.cli.arguments import AnyPath, Name, OneOf, wait_option
from usenetsync_tui.cli.deferred import loaded_from
from usenetsync_tui.cli.options import json_option, quiet_option
from usenetsync_tui.model.folders import Compression, Priority, Profile


@click.command()
@click.argument("paths", nargs=-1, required=True, type=AnyPath())
@click.option(
    "--store",
    type=OneOf(["shards", "usenet"]),
    help="Where the articles go.  [default: usenet where a server is configured]",
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
    help="How segments are compressed; plain ones are not.  [default: lz4]",
)
@click.option(
    "--copies", type=click.IntRange(1, 10), help="Articles of each segment.  [default: 1]"
)
@click.option(
    "--priority",
    type=OneOf([p.name.lower() for p in Priority]),
    help="Which job goes first.  [default: normal]",
)
@click.option(
    "--allow-shrink",
    is_flag=True,
    help="Take the folders as they are, also where most files are gone or the disk is another.  "
    "[default: refuse]",
)
@click.option(
    "--include-own-files/--exclude-own-files",
    "own_files",
    default=None,
    help="Whether UsenetSync's own configuration, keys and logs are kept where a folder has them. "
    "Its database never is.  [default: exclude]",
)
@click.option(
    "--ignore-inode/--compare-inode",
    default=None,
    help="Whether another inode number alone is no reason to read a file again.  "
    "[default: compare]",
)
@click.option(
    "--newsgroups",
    type=Name(),
    metavar="NAMES",
    help="Where to post from now on: newsgroups with commas between them.  "
    "[default: as before; for a new folder as the settings say]",
)
@click.option(
    "--poster",
    type=Name(),
    metavar="POSTER",
    help='Who posts plain articles from now on: "Name <name@example.com>".  '
    "[default: as before; for a new folder as the settings say]",
)
@click.option(
    "--obfuscate/--no-obfuscate",
    default=None,
    help="Whether plain articles have a random subject, poster and name, so that only the NZB has "
    "the real names.  [default: no]",
)
@wait_option
@quiet_option
@json_option
@loaded_from("upload")
def upload() -> None:
    """Make a new version of each folder at PATHS. Choices are remembered per folder.

    A folder that is missing or refused is reported, and the others are uploaded: exit code 3.
    """
