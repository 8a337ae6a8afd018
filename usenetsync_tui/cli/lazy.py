"""A group of verbs that knows their names and loads the module of the one that is called.

Knows the first sentence of each verb's help, so that the list of verbs loads none of them.
Refuses to know what the verbs do: `--version` and `--help` must answer at once, and `upload`
must not load what the screen is made of.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import click
from click.shell_completion import CompletionItem

from usenetsync_tui.cli.arguments import Verbs


@dataclass(frozen=True, slots=True)
class LazyVerb:
    """Where a verb is defined, and the first sentence of its help."""

    module: str
    attribute: str
    words: str

    def load(self) -> click.Command:
        """The verb itself; its module is imported at the first call."""
        command = getattr(import_module(self.module), self.attribute)
        assert isinstance(command, click.Command)
        return command


class LazyGroup(Verbs):
    """Verbs by name, in the order given."""

    def __init__(self, *args: Any, verbs: Mapping[str, LazyVerb], **kwargs: Any) -> None:
        """`verbs` maps the name a user types to the verb; the other arguments are click's."""
        super().__init__(*args, **kwargs)
        self.verbs = verbs

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in order."""
        return list(self.verbs)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb of a name, loaded; None when there is none."""
        verb = self.verbs.get(cmd_name)
        return verb.load() if verb is not None else None

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Verbs and options that begin so; loads no verb, for a user waits."""
        verbs = self.verbs.items()
        found = [CompletionItem(n, help=v.words) for n, v in verbs if n.startswith(incomplete)]
        # What a command without verbs of its own completes: its options.
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of verbs with their first sentences; loads none."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, verb.words) for name, verb in self.verbs.items()])
