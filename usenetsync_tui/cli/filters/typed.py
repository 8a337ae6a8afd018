"""The filters that a user typed after `upload`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import click

from usenetsync_tui.disk.source.filters import tree_filters
from usenetsync_tui.environment import real_path
from usenetsync_tui.errors import SourceError
from usenetsync_tui.model.filters import FilterChoices, Filters, name_problem


def filters_typed(
    exclude: Sequence[str],
    exclude_file: Sequence[Path],
    exclude_if_present: Sequence[str],
    exclude_caches: bool | None,
    exclude_larger_than: int | None,
    one_file_system: bool | None,
    clear_filters: bool,
) -> FilterChoices:
    """The choices. `click.BadParameter` for a pattern, a file or a name that is wrong."""
    names = tuple(map(os.fsencode, exclude_if_present))
    for name in names:
        if problem := name_problem(name):
            raise click.BadParameter(problem, param_hint="--exclude-if-present")
    choices = FilterChoices(
        exclude=tuple(map(os.fsencode, exclude)) or None,
        exclude_files=tuple(real_path(os.fsencode(path)) for path in exclude_file) or None,
        exclude_if_present=names or None,
        exclude_caches=exclude_caches,
        exclude_larger_than=exclude_larger_than,
        one_file_system=one_file_system,
        clear=clear_filters,
    )
    try:
        tree_filters.check(choices.applied_to(Filters()))
    except SourceError as error:
        raise click.UsageError(str(error)) from error
    return choices
