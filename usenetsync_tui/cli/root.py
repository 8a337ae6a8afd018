"""The group of all verbs: their order, their list in the help, and wrong use for scripts.

Knows no verb. With ``--json`` in the command line, wrong use is printed as an object like every
other error (`json_fields.error_fields`), not as a sentence.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click
from click.shell_completion import CompletionItem

from usenetsync_tui.cli import streams
from usenetsync_tui.cli.arguments import Verbs
from usenetsync_tui.cli.exit_codes import Exit

_WHOLE = 1000
"""Longer than any first sentence of a help text."""


class Root(Verbs):
    """All verbs, in the order given."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in order."""
        return list(self.commands)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Verbs and options that begin with `incomplete`."""
        verbs = self.commands.items()
        found = [CompletionItem(n, help=_words(v)) for n, v in verbs if n.startswith(incomplete)]
        # The options, as for a command without verbs.
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of verbs with their whole first sentences."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, _words(verb)) for name, verb in self.commands.items()])

    def main(self, args: Sequence[str] | None = None, *rest: Any, **extra: Any) -> Any:
        """Run the command. Wrong use ends with exit code 2, and a sentence or an object."""
        line = sys.argv[1:] if args is None else list(args)
        self._for_scripts = _asks_for_json(line)
        return super().main(args, *rest, **extra)

    def make_context(self, *arguments: Any, **extra: Any) -> click.Context:
        """Read the options before the verb."""
        try:
            return super().make_context(*arguments, **extra)
        except click.UsageError as error:
            raise self._spoken(error) from None

    def invoke(self, ctx: click.Context) -> Any:
        """Read the verb's arguments, and run it."""
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            raise self._spoken(error) from None
        except KeyboardInterrupt:  # while the verb loads: it has begun nothing
            raise SystemExit(Exit.INTERRUPTED) from None

    _for_scripts = False

    def _spoken(self, error: click.UsageError) -> click.ClickException:
        return _ForScripts(error) if self._for_scripts else error


class _ForScripts(click.ClickException):
    """Wrong use, printed as an object on standard output."""

    exit_code = click.UsageError.exit_code

    def __init__(self, error: click.UsageError) -> None:
        super().__init__(error.format_message())

    def show(self, file: Any = None) -> None:
        """Print it; if that fails, the exit code stays the same."""
        from usenetsync_tui.cli.output import voices
        from usenetsync_tui.cli.output.json_fields import error_fields
        from usenetsync_tui.errors import UsageError

        streams.output_is_the_work(False)
        voices.emit("error", **error_fields(UsageError(self.message)))


def _asks_for_json(line: Sequence[str]) -> bool:
    """Whether ``--json`` is among the options, also if it is misplaced or has a value."""
    options = line[: line.index("--")] if "--" in line else line
    return any(word == "--json" or word.startswith("--json=") for word in options)


def _words(verb: click.Command) -> str:
    """The first sentence of a verb's help."""
    return verb.get_short_help_str(_WHOLE)
