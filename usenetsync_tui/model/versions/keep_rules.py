"""Keep rules: which versions of a folder a policy keeps, as the user says it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.value_object import value_object

MOST_KEPT = 1_000_000
"""The largest number that a rule may have."""
LONGEST_TAG = 64
"""The most characters of a tag."""
MOST_TAGS = 50
"""The most tags of a version."""

_SHOWN = 40
_SPAN = re.compile(
    r"(?:(\d{1,4})y)?(?:(\d{1,5})m)?(?:(\d{1,6})d)?(?:(\d{1,7})h)?", re.ASCII | re.IGNORECASE
)


@value_object
class TimeSpan:
    """A length of time as the calendar counts it."""

    years: int = 0
    months: int = 0
    days: int = 0
    hours: int = 0

    def __str__(self) -> str:
        """``1y6m``, as `span_typed` reads it; empty for no time at all."""
        units = ((self.years, "y"), (self.months, "m"), (self.days, "d"), (self.hours, "h"))
        return "".join(f"{count}{unit}" for count, unit in units if count)


@value_object
class KeepRules:
    """Which versions are kept: those that at least one rule names. Without a rule, all.

    The rules mean what they mean for restic's ``forget``: each counts the newest version of each
    period that has one, from the newest period back.
    """

    last: int = 0
    """The newest versions; 0, here and below: the rule is off."""
    hourly: int = 0
    daily: int = 0
    weekly: int = 0
    """Weeks begin on Monday (ISO 8601)."""
    monthly: int = 0
    yearly: int = 0
    within: TimeSpan = TimeSpan()
    """All versions that are younger than the newest one by less than this."""
    tags: tuple[str, ...] = ()
    """All versions with one of these tags; ``a,b`` stands for both."""

    def __bool__(self) -> bool:
        """Whether there is a rule."""
        return self != KeepRules()


@value_object
class KeepPolicy:
    """The keep rules of a folder, which run after each of its uploads."""

    rules: KeepRules = KeepRules()
    is_own: bool = False
    """Whether the folder has these rules; else those of the settings apply."""

    def in_force(self, default: KeepRules) -> KeepRules:
        """The rules that apply, where `default` are those of the settings."""
        return self.rules if self.is_own else default


COUNTED = ("last", "hourly", "daily", "weekly", "monthly", "yearly")
"""The rules that have a number."""


def span_typed(text: str) -> TimeSpan:
    """A length of time as the user types it: ``30d``, ``1y6m``, ``12h``. ValueError."""
    found = _SPAN.fullmatch(text.strip())
    if not text.strip() or found is None:
        raise ValueError("Type years, months, days and hours, such as 30d, 12h or 1y6m.")
    span = TimeSpan(*(int(count or 0) for count in found.groups()))
    if span.years > 1000 or span.months > 12_000 or span.days > 366_000 or span.hours > 8_784_000:
        raise ValueError("This is longer than 1000 years.")
    return span


def tag_problem(tag: str) -> str:
    """What is wrong with a tag of a version; empty: nothing."""
    if not tag or tag != tag.strip() or "," in tag:
        return f'"{_shown(tag)}" is no tag: it has text, no comma, and no space at its ends.'
    if len(tag) > LONGEST_TAG:
        return f"A tag has at most {LONGEST_TAG} characters."
    if safe_name(tag) != tag:
        return f'"{_shown(tag)}" is no tag: a terminal cannot show all of its characters.'
    return ""


def _shown(text: str) -> str:
    safe = safe_name(text)
    return safe if len(safe) <= _SHOWN else f"{safe[: _SHOWN - 1]}…"


def tag_list_problem(text: str) -> str:
    """What is wrong with an entry of `KeepRules.tags`; empty: nothing."""
    return next(filter(None, map(tag_problem, text.split(","))), "")


def rules_read(words: Sequence[str]) -> KeepRules:
    """The rules of options as the user types them: ``--keep-daily 7``. ValueError.

    A rule that is not among them is off.
    """
    found: dict[str, object] = {}
    tags: list[str] = []
    for option, value in _paired(words):
        name = option.removeprefix("--keep-")
        if name in COUNTED:
            found[name] = count_typed(value)
        elif name == "within":
            found[name] = span_typed(value)
        elif name == "tag":
            if problem := tag_list_problem(value):
                raise ValueError(problem)
            tags.append(value)
        else:
            raise ValueError(f"There is no rule {_shown(option)}. Rules: {_KNOWN}.")
    return KeepRules(**found, tags=tuple(tags))  # type: ignore[arg-type]


_KNOWN = ", ".join(f"--keep-{name}" for name in (*COUNTED, "within", "tag"))


def _paired(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    left = list(words)
    while left:
        option, equals, value = left.pop(0).partition("=")
        if not option.startswith("--keep-"):
            raise ValueError(f"Type rules such as --keep-daily 7. Rules: {_KNOWN}.")
        if not equals and not left:
            raise ValueError(f"{_shown(option)} needs a value.")
        yield option, value if equals else left.pop(0)


def count_typed(text: str) -> int:
    """The number of a rule as the user types it; empty: 0. ValueError with a sentence."""
    typed = text.strip() or "0"
    if not (typed.isascii() and typed.isdecimal() and len(typed) <= 9):
        raise ValueError(f"Type a number up to {MOST_KEPT:,}; 0: no such rule.")
    if int(typed) > MOST_KEPT:
        raise ValueError(f"A rule keeps at most {MOST_KEPT:,}.")
    return int(typed)


def rules_in_words(rules: KeepRules) -> str:
    """The rules in a line, safe to show: ``7 daily, 4 weekly, within 30d``; empty: no rule."""
    words = [f"last {rules.last}"] if rules.last else []
    words += [f"{count} {name}" for name in COUNTED[1:] if (count := getattr(rules, name))]
    if rules.within != TimeSpan():
        words.append(f"within {rules.within}")
    return ", ".join(words + [f"tag {tag}" for tag in rules.tags])


def policy_in_words(policy: KeepPolicy, default: KeepRules) -> str:
    """What a policy keeps, and where its rules stand."""
    rules = policy.in_force(default)
    if not rules:
        return "every version" if policy.is_own or not default else "every version (off)"
    where = "" if policy.is_own else " (from the settings)"
    return f"{rules_in_words(rules)}{where}"
