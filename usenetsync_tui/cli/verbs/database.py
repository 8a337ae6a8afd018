"""`usenetsync db status`, `start`, `stop`, `url`, `backup` and `restore`."""

from __future__ import annotations

import click

from usenetsync_tui.cli.arguments import AnyPath, Verbs, wait_option
from usenetsync_tui.cli.deferred import loaded_from
from usenetsync_tui.cli.options import json_option, quiet_option


@click.group(cls=Verbs)
def db() -> None:
    """Show, start and stop the embedded database; back up and restore the catalogue."""


@db.command()
@json_option
@loaded_from("database")
def status() -> None:
    """Show whether the database runs, where it is, and its users."""


@db.command(name="start")
@json_option
@loaded_from("database")
def start_server() -> None:
    """Start the database, and keep it running when no program uses it."""


@db.command(name="stop")
@json_option
@loaded_from("database")
def stop_server() -> None:
    """Stop the database, unless other programs use it."""


@db.command()
@json_option
@loaded_from("database")
def url() -> None:
    """Print the address of the running database, for psql."""


@db.command()
@click.argument("file", type=AnyPath(of_file=True))
@click.option(
    "--with-articles",
    is_flag=True,
    help="Also the articles that are in the database (shards), which may be huge.  "
    "[default: only the catalogue]",
)
@click.option("--force", is_flag=True, help="Replace an existing file.  [default: refuse]")
@quiet_option
@json_option
@loaded_from("database_backup")
def backup() -> None:
    """Write the whole catalogue into FILE.

    It is written as it is at one moment, also while an upload runs. Only you can read FILE. It has
    the keys of sealed folders only wrapped, so keep the key file or passphrase as well.
    """


@db.command()
@click.argument("file", type=AnyPath(of_file=True))
@click.option(
    "--replace",
    is_flag=True,
    help="Replace a catalogue that is not empty; asks first.  [default: refuse]",
)
@click.option("-y", "--yes", is_flag=True, help="Do not ask before replacing.  [default: ask]")
@wait_option
@quiet_option
@json_option
@loaded_from("database_backup")
def restore() -> None:
    """Bring back the catalogue from FILE, after checking all of it.

    Nothing changes if FILE is damaged, or if it is interrupted. Articles in the database (shards)
    stay as they are, unless FILE has them (backup --with-articles).
    """
