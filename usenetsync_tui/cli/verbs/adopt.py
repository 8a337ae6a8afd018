"""`usenetsync adopt STRING`."""

from __future__ import annotations

from pathlib import Path

import click

from usenetsync_tui.cli.arguments import AnyPath, Name, wait_option
from usenetsync_tui.cli.deferred import loaded_from
from usenetsync_tui.cli.options import json_option, quiet_option


@click.command()
@click.argument("string", type=Name())
@click.option(
    "--path",
    type=AnyPath(),
    metavar="DIR",
    help="Where the folder is now.  [default: where it was]",
)
@click.option(
    "--passphrase-file",
    type=click.Path(path_type=Path),
    help="The passphrase of the recovery string.  [default: ask]",
)
@click.option(
    "--database",
    metavar="ADDRESS",
    help="The PostgreSQL database that has the articles and becomes the catalogue.  "
    "[default: that of the settings]",
)
@wait_option
@quiet_option
@json_option
@loaded_from("by_string.adopt")
def adopt() -> None:
    """Continue the folder of a recovery STRING on this machine.

    Rebuilds its versions in the catalogue from the index in the store. The next upload reads only
    what changed. A folder that is here already gets the versions that it lacks, if the ones it has
    are those of the store: so it is after "db restore" of an older backup. STRING - asks for it, or
    reads it from standard input: then it is in no list of processes.
    """
