"""Options that several verbs have, each with one help text."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import click

from usenetsync_tui.cli.completing import complete_version
from usenetsync_tui.model.value_object import value_object

_T = TypeVar("_T")


@value_object
class Voice:
    """How a verb prints: for scripts or for people, and whether only problems."""

    as_json: bool = False
    quiet: bool = False


def json_option(function: Callable[..., _T]) -> Callable[..., _T]:
    """`--json`, the same for every verb."""
    option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
    decorated: Callable[..., _T] = option(function)
    return decorated


def quiet_option(function: Callable[..., _T]) -> Callable[..., _T]:
    """`--quiet`, for verbs that do something."""
    option = click.option(
        "-q", "--quiet", is_flag=True, help="Print only problems, and nothing if there are none."
    )
    decorated: Callable[..., _T] = option(function)
    return decorated


def detach_option(function: Callable[..., _T]) -> Callable[..., _T]:
    """`--detach`, for verbs whose job an engine can do."""
    option = click.option(
        "--detach",
        is_flag=True,
        help="Leave the work to the engine that runs (a screen, for example), or else to a "
        "service in the background; print the job's number and end. jobs --follow follows it.",
    )
    decorated: Callable[..., _T] = option(function)
    return decorated


def version_option(function: Callable[..., _T]) -> Callable[..., _T]:
    """`--version N` of a folder, for verbs that read one."""
    option = click.option(
        "--version",
        type=click.IntRange(1),
        metavar="N",
        shell_complete=complete_version,
        help="Which version.  [default: the newest finished one]",
    )
    decorated: Callable[..., _T] = option(function)
    return decorated
