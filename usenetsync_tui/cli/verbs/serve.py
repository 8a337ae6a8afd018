"""`usenetsync serve`."""

from __future__ import annotations

import click

from usenetsync_tui.cli.deferred import loaded_from
from usenetsync_tui.cli.options import json_option, quiet_option


@click.command()
@click.option(
    "--take-over",
    is_flag=True,
    help="Wait for another usenetsync that is using the catalogue to end.  "
    "[default: give up after 2 seconds]",
)
@click.option("--unit", is_flag=True, help="Print a systemd unit, and end.  [default: work]")
@click.option(
    "--schema",
    is_flag=True,
    help="Print the JSON schema of what programs say to a running engine, and end.  "
    "[default: work]",
)
@quiet_option
@json_option
@loaded_from("serve")
def serve() -> None:
    """Run the engine without a screen: for systemd, or in the background.

    It takes the jobs in the queue, and waits for more. SIGTERM or Ctrl+C finishes the articles in
    flight and ends it (exit code 0), a second one stops at once (130). SIGHUP opens the log again.
    """
