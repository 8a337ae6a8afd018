"""The options of `upload` that say what a folder's versions leave out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from usenetsync_tui.cli.arguments import AnyPath, Name
from usenetsync_tui.model.filters import size_typed

_T = TypeVar("_T")


class Size(click.ParamType):  # type: ignore[type-arg]
    """A size, as ``500M``; converts to bytes."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The bytes."""
        if isinstance(value, int):
            return value
        try:
            return size_typed(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


_OPTIONS = (
    click.option(
        "--exclude",
        multiple=True,
        type=Name(),
        metavar="PATTERN",
        help="Leave out what matches, in gitignore's syntax; several times for several patterns, "
        "the last that matches decides.  [default: as before]",
    ),
    click.option(
        "--exclude-file",
        multiple=True,
        type=AnyPath(of_file=True),
        metavar="FILE",
        help="The same with the patterns in a file, which each upload reads again.  "
        "[default: as before]",
    ),
    click.option(
        "--exclude-if-present",
        multiple=True,
        type=Name(),
        metavar="NAME",
        help="Leave out what is in a directory that has this name in it.  [default: as before]",
    ),
    click.option(
        "--exclude-caches/--include-caches",
        default=None,
        help="Whether to leave out what is in a directory with a CACHEDIR.TAG.  "
        "[default: as before; include at first]",
    ),
    click.option(
        "--exclude-larger-than",
        type=Size(),
        metavar="SIZE",
        help="Leave out files larger than this, as 500M or 2GiB; 0: none.  [default: as before]",
    ),
    click.option(
        "--one-file-system/--all-file-systems",
        default=None,
        help="Whether to leave out what is mounted in the folder.  "
        "[default: as before; include at first]",
    ),
    click.option(
        "--clear-filters",
        is_flag=True,
        help="Forget the folder's filters, before those of this command.  [default: keep them]",
    ),
)


def filter_options(function: Callable[..., _T]) -> Callable[..., _T]:
    """All of them."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function
