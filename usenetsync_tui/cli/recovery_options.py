"""Options of verbs that take a recovery string in the place of FOLDER, and their meaning."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from usenetsync_tui.cli.arguments import Name

if TYPE_CHECKING:
    from usenetsync_tui.cli.typed_string import TypedString

_T = TypeVar("_T")


def recovery_options(function: Callable[..., _T]) -> Callable[..., _T]:
    """`--passphrase-file` and `--database`, which are for recovery strings only."""
    for option in (
        click.option(
            "--database",
            type=Name(),
            metavar="URL",
            help="With a recovery string: the PostgreSQL server that has the articles, if they "
            "are not on Usenet.  [default: the servers of the settings]",
        ),
        click.option(
            "--passphrase-file",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="With a recovery string: the file with its passphrase.  [default: ask]",
        ),
    ):
        function = option(function)
    return function


def typed_string(
    word: str, passphrase_file: Path | None, database: str | None
) -> TypedString | None:
    """The recovery string in the place of FOLDER; None: it is a folder. May ask the user.

    Wrong use ends the process: it is not yet known how the verb prints.
    """
    from usenetsync_tui.cli.typed_string import TypedString, is_typed_string

    if is_typed_string(word):
        return TypedString(word, passphrase_file, database)
    for name, value in (("--passphrase-file", passphrase_file), ("--database", database)):
        if value is not None:
            raise click.UsageError(f"{name} is for a recovery string, and this is a folder.")
    return None
