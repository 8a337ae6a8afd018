"""`usenetsync key show` and `usenetsync key change`."""

from __future__ import annotations

import click

from usenetsync_tui.cli.arguments import AnyPath, Verbs, wait_option
from usenetsync_tui.cli.deferred import loaded_from
from usenetsync_tui.cli.options import json_option


@click.group(cls=Verbs)
def key() -> None:
    """Show or change the key file or passphrase that opens sealed folders and indexes."""


@key.command()
@json_option
@loaded_from("key")
def show() -> None:
    """Show where the key file or passphrase is, and whether it opens each folder's key.

    Never prints a key. Exit codes: 0 all keys open, 3 some do not.
    """


@key.command()
@click.option(
    "--new-key-file",
    type=AnyPath(of_file=True),
    metavar="FILE",
    help="Use the key in this file. A missing one is made; the one in use is replaced by a new "
    "key, and kept as FILE.old.",
)
@click.option(
    "--new-passphrase-file",
    type=AnyPath(of_file=True),
    metavar="FILE",
    help="Use the passphrase in the first line of this file.",
)
@wait_option
@json_option
@loaded_from("key")
def change() -> None:
    """Wrap the keys of all folders with another key file or passphrase, in one step.

    Nothing is posted again: the folders' own keys stay as they are. The former key file or
    passphrase is kept until you remove it; database backups from before still need it.
    """
