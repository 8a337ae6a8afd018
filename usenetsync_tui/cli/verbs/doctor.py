"""`usenetsync doctor`."""

from __future__ import annotations

import click

from usenetsync_tui.cli.deferred import loaded_from
from usenetsync_tui.cli.options import json_option


@click.command(name="doctor")
@click.option(
    "--post",
    is_flag=True,
    help="Also post a small article to each server, and fetch it.  [default: only log in]",
)
@click.option(
    "--quick",
    is_flag=True,
    help="Skip the check of the whole catalogue, which takes minutes if that is large.  "
    "[default: check it]",
)
@json_option
@loaded_from("doctor")
def doctor() -> None:
    """Check settings, rights, keys, database, disks, clock, network, servers and terminal.

    Exit codes: 0 all good, 3 a warning (!), 1 something does not work (✗).
    """
