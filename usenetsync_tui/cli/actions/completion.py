"""`usenetsync completion SHELL`: prints the script that lets a shell complete this command."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from usenetsync_tui.cli import streams

_VARIABLE = "_USENETSYNC_COMPLETE"
_PROGRAM = "usenetsync"


def completion(shell: str) -> None:
    """Print the script for a shell."""
    streams.output_is_the_work(True)
    kind = get_completion_class(shell)
    assert kind is not None
    # `source` asks the installed bash for its version; another bash may read the script.
    made = kind(click.get_current_context().find_root().command, {}, _PROGRAM, _VARIABLE)
    click.echo(made.source_template % made.source_vars())
