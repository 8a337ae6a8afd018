"""`usenetsync servers` and `usenetsync servers test [NAME…]`."""

from __future__ import annotations

import click

from usenetsync_tui.cli.arguments import Name, Verbs
from usenetsync_tui.cli.completing import complete_server
from usenetsync_tui.cli.deferred import loaded_from
from usenetsync_tui.cli.options import json_option


@loaded_from("servers")
def list_servers() -> None:
    """List the servers of the settings."""


@click.group(cls=Verbs, invoke_without_command=True)
@json_option
@click.pass_context
def servers(context: click.Context, as_json: bool) -> None:
    """List the Usenet servers of the settings, or test them."""
    if context.invoked_subcommand is None:
        list_servers(as_json)
    # An option before the verb counts for the verb.
    context.default_map = {"test": {"as_json": as_json}}


@servers.command(name="test")
@click.argument("names", nargs=-1, type=Name(), shell_complete=complete_server)
@json_option
@loaded_from("servers")
def test() -> None:
    """Test each server, or those named, step by step.

    The steps go from its address to an article that is posted and fetched again.
    """
