"""`usenetsync completion SHELL`."""

from __future__ import annotations

import click

from usenetsync_tui.cli.arguments import OneOf
from usenetsync_tui.cli.deferred import loaded_from

_SHELLS = ("bash", "zsh", "fish")


@click.command(name="completion")
@click.argument("shell", type=OneOf(_SHELLS))
@loaded_from("completion")
def completion() -> None:
    """Print the script that completes this command in SHELL: bash, zsh or fish.

    The README says where each shell looks for it.
    """
