"""`usenetsync db status`, `start`, `stop` and `url`."""

from __future__ import annotations

import click

from usenetsync_tui.cli.arguments import Verbs
from usenetsync_tui.cli.deferred import loaded_from
from usenetsync_tui.cli.options import json_option


@click.group(cls=Verbs)
def db() -> None:
    """Show, start and stop the embedded database."""


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
