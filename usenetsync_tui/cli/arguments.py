"""Types of command-line arguments: names and paths of any bytes, never empty; the nearest word.

An empty argument usually comes from a variable that a script did not set. As a path it would mean
the current folder, so every verb refuses it, with exit code 2 like every other wrong use.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from usenetsync_tui.cli.misplaced import correction, hidden, no_such_verb
from usenetsync_tui.model.sweeps import read_sample
from usenetsync_tui.model.text.nearest import did_you_mean
from usenetsync_tui.model.text.safe_name import safe_name

_T = TypeVar("_T")
# In the oldest click that we support, parameter types have no type arguments.
_EMPTY = "it is empty. Perhaps it comes from a variable that is not set."


class Name(click.ParamType):  # type: ignore[type-arg]
    """The name of a folder or server, or a path inside a folder: any text but an empty one."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text; bytes that are not UTF-8 as surrogate escapes, as in `sys.argv`."""
        text = os.fsdecode(value)
        if not text:
            self.fail(_EMPTY, param, ctx)
        return text


class AnyPath(click.ParamType):  # type: ignore[type-arg]
    """A path of any bytes, which need not exist."""

    name = "path"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Let the shell complete paths."""
        return [CompletionItem(incomplete, type="file" if self._of_file else "dir")]

    def __init__(self, *, of_file: bool = False) -> None:
        """`of_file`: refuse a folder."""
        self._of_file = of_file

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """The path, as it was typed."""
        text = os.fsdecode(value)
        if not text:
            self.fail(_EMPTY, param, ctx)
        if self._of_file and os.path.isdir(text):
            self.fail(f"{safe_name(text)} is a folder, not a file.", param, ctx)
        return Path(text)


class OneOf(click.Choice):  # type: ignore[type-arg]
    """One of some words; the error for another word suggests the nearest."""

    def __init__(self, choices: Sequence[str]) -> None:
        super().__init__(choices)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The word."""
        if value not in self.choices:
            known = ", ".join(self.choices)
            near = did_you_mean(str(value), self.choices)
            self.fail(f'"{safe_name(str(value))}" is not one of {known}.{near}', param, ctx)
        return str(value)


class Sample(click.ParamType):  # type: ignore[type-arg]
    """One of so many parts, as ``1/30``; converts to the number of parts."""

    name = "sample"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number of parts."""
        if isinstance(value, int):
            return value
        try:
            return read_sample(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Verbs(click.Group):
    """A group of verbs; the error for an unknown or misplaced word says what to type."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the options before the verb, none of which may be the verb's."""
        words = list(args)
        if (name := hidden(ctx, self, words)) is not None and not ctx.resilient_parsing:
            ctx.fail(correction(ctx, self, words, name))
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            ctx.fail(correction(ctx, self, words, error.option_name))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The verb that the first word names."""
        word = args[0]
        if self.get_command(ctx, word) is None and not word.startswith("-"):
            ctx.fail(no_such_verb(ctx, self, word))
        return super().resolve_command(ctx, args)


def wait_option(function: Callable[..., _T]) -> Callable[..., _T]:
    """`--wait SECONDS`, for verbs that need the catalogue to themselves."""
    option = click.option(
        "--wait",
        type=click.FloatRange(0),
        default=0.0,
        metavar="SECONDS",
        help="How long to wait while another usenetsync is using the catalogue.  "
        "[default: give up after 2 seconds]",
    )
    decorated: Callable[..., _T] = option(function)
    return decorated
