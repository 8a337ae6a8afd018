"""`usenetsync completion SHELL`: the script that lets a shell complete this command."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from usenetsync_tui.cli import streams
from usenetsync_tui.cli.arguments import OneOf

_SHELLS = ("bash", "zsh", "fish")
_VARIABLE = "_USENETSYNC_COMPLETE"
_PROGRAM = "usenetsync"


@click.command(name="completion")
@click.argument("shell", type=OneOf(_SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script that completes this command in SHELL: bash, zsh or fish.

    The README says where each shell takes it from.
    """
    streams.output_is_the_work(True)
    kind = get_completion_class(shell)
    assert kind is not None
    # `source` would ask bash for its version, which says nothing of the shell that reads this.
    made = kind(context.find_root().command, {}, _PROGRAM, _VARIABLE)
    click.echo(made.source_template % made.source_vars())
