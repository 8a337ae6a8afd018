"""Which versions the keep rules keep, and why. Pure: the time and the time zone are arguments.

The rules are those of restic's ``forget`` (`internal/restic/snapshot_policy.go`, version 0.14): the
versions are looked at from the newest to the oldest; a rule with a number keeps a version whose
period is not that of the version it kept last, until its number is used up. What one rule keeps
counts for the others, too. On top of that, no rule gives up a protected version, the newest
finished one, or the newest complete one: what is left must bring the folder back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo

from usenetsync_tui.model.folders import Snapshot, SnapshotState
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.model.versions.keep_rules import COUNTED, KeepPolicy, KeepRules, TimeSpan

PROTECTED = "protected"
NEWEST = "newest version"
NEWEST_COMPLETE = "newest complete version"
NO_RULE = "no rule"


MOST_TYPED = 100_000
"""The most versions of one typed range."""
_RUN = re.compile(r"(\d{1,9})(?:-(\d{1,9}))?", re.ASCII)


@value_object
class KeepVerdict:
    """Whether a version is kept."""

    version: int
    reasons: tuple[str, ...]
    """What keeps it, in a few words each: ``daily``, ``tag release``. None: it may go."""

    @property
    def is_kept(self) -> bool:
        """Whether anything keeps it."""
        return bool(self.reasons)


@value_object
class PolicyEffect:
    """The keep rules of a folder, and what the next run of them would forget."""

    folder: str
    """Its name."""
    policy: KeepPolicy
    default: KeepRules
    """The rules of the settings."""
    verdicts: tuple[KeepVerdict, ...]
    """Of each finished version, newest first."""

    @property
    def forgotten(self) -> tuple[int, ...]:
        """The versions that nothing keeps, oldest first."""
        return tuple(sorted(v.version for v in self.verdicts if not v.is_kept))


def _hour(day: datetime) -> tuple[int, ...]:
    return day.year, day.month, day.day, day.hour


def _day(day: datetime) -> tuple[int, ...]:
    return day.year, day.month, day.day


def _week(day: datetime) -> tuple[int, ...]:
    return tuple(day.isocalendar())[:2]


def _month(day: datetime) -> tuple[int, ...]:
    return day.year, day.month


def _year(day: datetime) -> tuple[int, ...]:
    return (day.year,)


_PERIODS: dict[str, Callable[[datetime], tuple[int, ...]] | None] = {
    "last": None,
    "hourly": _hour,
    "daily": _day,
    "weekly": _week,
    "monthly": _month,
    "yearly": _year,
}
"""The period of a local time, by rule; None: each version is one of its own."""


def verdicts(
    versions: Sequence[Snapshot], rules: KeepRules, now: datetime, zone: tzinfo | None = None
) -> list[KeepVerdict]:
    """For each finished version whether it is kept, newest first.

    `now`: with a zone; a version that seems to be from later does not count as the newest for
    `within`. `zone`: the time zone of hours, days and so on; None: the local one of this machine.
    """
    finished = [s for s in versions if s.state is not SnapshotState.BUILDING]
    finished.sort(key=lambda s: (s.started_at, s.version), reverse=True)
    buckets = [_Bucket(name, getattr(rules, name)) for name in COUNTED]
    since = _since(finished, rules.within, now, zone)
    always = _always(finished)
    found = []
    for snapshot in finished:
        reasons = list(always.get(snapshot.version, ()))
        if not rules:
            reasons.append(NO_RULE)
        reasons += [f"tag {tag}" for tag in rules.tags if {*tag.split(",")} <= {*snapshot.tags}]
        if since is not None and snapshot.started_at > since:
            reasons.append(f"within {rules.within}")
        local = snapshot.started_at.astimezone(zone)
        reasons += [bucket.name for bucket in buckets if bucket.takes(snapshot.version, local)]
        found.append(KeepVerdict(snapshot.version, tuple(reasons)))
    return found


def to_forget(
    versions: Sequence[Snapshot], rules: KeepRules, now: datetime, zone: tzinfo | None = None
) -> tuple[int, ...]:
    """The versions that no rule keeps, oldest first. The arguments are those of `verdicts`."""
    return tuple(sorted(v.version for v in verdicts(versions, rules, now, zone) if not v.is_kept))


def runs_in_words(versions: Sequence[int]) -> str:
    """Ascending numbers in short: ``1-40, 42, 47-49``."""
    runs: list[list[int]] = []
    for number in versions:
        if runs and runs[-1][-1] == number - 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    return ", ".join("-".join(map(str, run)) for run in runs)


def versions_typed(text: str) -> tuple[int, ...]:
    """Numbers as the user types them: ``3, 5-8 11``; ascending. ValueError with a sentence."""
    found: set[int] = set()
    for word in text.replace(",", " ").split():
        match = _RUN.fullmatch(word)
        if match is None:
            raise ValueError("Type numbers of versions, such as 3, 5-8, 11.")
        first, last = int(match[1]), int(match[2] or match[1])
        if first > last or last - first >= MOST_TYPED:
            raise ValueError(f"{word} is no range of up to {MOST_TYPED:,} versions.")
        found.update(range(first, last + 1))
    return tuple(sorted(found))


class _Bucket:
    """A rule with a number, and how much of it is left."""

    def __init__(self, name: str, count: int) -> None:
        self.name = name
        self._left = count
        self._last: tuple[int, ...] | None = None

    def takes(self, version: int, local: datetime) -> bool:
        """Whether it keeps the next older version."""
        if self._left <= 0:
            return False
        period = _PERIODS[self.name]
        value = period(local) if period is not None else (version,)
        if value == self._last:
            return False
        self._last = value
        self._left -= 1
        return True


def _always(newest_first: Sequence[Snapshot]) -> dict[int, list[str]]:
    """What no rule may give up, by version."""
    found: dict[int, list[str]] = {s.version: [PROTECTED] for s in newest_first if s.protected}
    by_number = sorted(newest_first, key=lambda s: s.version)
    complete = [s for s in by_number if s.state is SnapshotState.COMPLETE]
    for some, reason in ((by_number, NEWEST), (complete, NEWEST_COMPLETE)):
        if some and (reason is NEWEST or some[-1] is not by_number[-1]):
            found.setdefault(some[-1].version, []).append(reason)
    return found


def _since(
    newest_first: Sequence[Snapshot], span: TimeSpan, now: datetime, zone: tzinfo | None
) -> datetime | None:
    """The time after which `within` keeps all; None: the rule is off."""
    if span == TimeSpan():
        return None
    newest = next((s.started_at for s in newest_first if s.started_at < now), None)
    if newest is None:
        return datetime.min.replace(tzinfo=UTC)
    local = newest.astimezone(zone).replace(tzinfo=None)
    try:
        local = _before(local, span)
        # The time zone says which instant that local time is: summer time may lie between.
        at = local.replace(tzinfo=zone) if zone is not None else local.astimezone()
        return at.astimezone(UTC) - timedelta(hours=span.hours)
    except (OverflowError, ValueError):
        return datetime.min.replace(tzinfo=UTC)


def _before(local: datetime, span: TimeSpan) -> datetime:
    """Years, months and days earlier; 31 March less a month is 31 February, so 3 March.

    `OverflowError` and ValueError before the year 1.
    """
    months = local.year * 12 + local.month - 1 - span.years * 12 - span.months
    first = local.replace(year=months // 12, month=months % 12 + 1, day=1)
    return first + timedelta(days=local.day - 1 - span.days)
