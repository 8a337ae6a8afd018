"""The `--keep-…` options: which versions are kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from usenetsync_tui.model.versions.keep_rules import (
    MOST_KEPT,
    KeepRules,
    TimeSpan,
    span_typed,
    tag_list_problem,
    tag_problem,
)

_T = TypeVar("_T")


class Tag(click.ParamType):  # type: ignore[type-arg]
    """A tag of a version."""

    name = "tag"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The tag."""
        if problem := tag_problem(str(value)):
            self.fail(problem, param, ctx)
        return str(value)


class _TagList(click.ParamType):  # type: ignore[type-arg]
    """Tags with commas between them."""

    name = "tags"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The tags, as they were typed."""
        if problem := tag_list_problem(str(value)):
            self.fail(problem, param, ctx)
        return str(value)


class _SpanType(click.ParamType):  # type: ignore[type-arg]
    """A length of time, as ``30d``."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> TimeSpan:
        """The length of time."""
        if isinstance(value, TimeSpan):
            return value
        try:
            return span_typed(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


def _counted(name: str, words: str) -> Callable[[Callable[..., _T]], Callable[..., _T]]:
    return click.option(
        f"--keep-{name}",
        type=click.IntRange(0, MOST_KEPT),
        metavar="N",
        default=0,
        help=f"Keep {words}.  [default: no such rule]",
    )


_OPTIONS = (
    _counted("last", "the N newest versions"),
    _counted("hourly", "the newest version of each of the N last hours that have one"),
    _counted("daily", "the same of days"),
    _counted("weekly", "the same of weeks, which begin on Monday"),
    _counted("monthly", "the same of months"),
    _counted("yearly", "the same of years"),
    click.option(
        "--keep-within",
        type=_SpanType(),
        metavar="TIME",
        help="Keep every version that is younger than the newest one by less than this: 30d, 12h, "
        "1y6m.  [default: no such rule]",
    ),
    click.option(
        "--keep-tag",
        multiple=True,
        type=_TagList(),
        metavar="TAG",
        help="Keep every version with this tag, or with all of TAG,TAG; several times for several "
        "tags.  [default: no such rule]",
    ),
)


def keep_options(function: Callable[..., _T]) -> Callable[..., _T]:
    """All of them."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def rules_typed(
    keep_last: int,
    keep_hourly: int,
    keep_daily: int,
    keep_weekly: int,
    keep_monthly: int,
    keep_yearly: int,
    keep_within: TimeSpan | None,
    keep_tag: tuple[str, ...],
) -> KeepRules:
    """The rules that the options make."""
    return KeepRules(
        keep_last,
        keep_hourly,
        keep_daily,
        keep_weekly,
        keep_monthly,
        keep_yearly,
        keep_within or TimeSpan(),
        tuple(keep_tag),
    )
