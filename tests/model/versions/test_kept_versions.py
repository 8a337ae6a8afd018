"""Which versions the keep rules keep: as restic does, and as a slow definition says."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from usenetsync_tui.model.folders import Snapshot, SnapshotState
from usenetsync_tui.model.versions.keep_rules import (
    KeepRules,
    TimeSpan,
    rules_in_words,
    span_typed,
    tag_problem,
)
from usenetsync_tui.model.versions.kept_versions import (
    NEWEST,
    NEWEST_COMPLETE,
    NO_RULE,
    PROTECTED,
    to_forget,
    verdicts,
)

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
FROM_RESTIC = json.loads((Path(__file__).parent / "kept_by_restic.json").read_text())
"""48 snapshots in the time zone of Berlin, and what `restic forget --dry-run --json` of restic
0.14.0 keeps of them; a snapshot is known by its number, from 1 for the oldest."""


def version(number: int, began: datetime, *tags: str, protected: bool = False) -> Snapshot:
    state = SnapshotState.COMPLETE
    return Snapshot(
        *(1, number, state, began, began, 0, 0, 0, 0, 0, 0, 0, 0, 0),
        protected=protected,
        tags=tags,
    )


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The rules of its summer time since 1996, which need no database of time zones."""
    monkeypatch.setitem(os.environ, "TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("case", FROM_RESTIC["policies"], ids=lambda case: str(case["rules"]))
def test_it_keeps_what_restic_keeps(case: dict[str, object], berlin: None) -> None:
    rules = dict(case["rules"])  # type: ignore[call-overload]
    within, tags = rules.pop("within", ""), tuple(rules.pop("tag", ()))
    wanted = KeepRules(**rules, within=span_typed(within) if within else TimeSpan(), tags=tags)
    versions = [
        version(number, datetime.fromisoformat(began), *tags)
        for number, (began, tags) in enumerate(FROM_RESTIC["versions"], 1)
    ]
    kept = [v.version for v in verdicts(versions, wanted, NOW) if {*v.reasons} - {NEWEST}]
    assert sorted(kept) == case["kept"]


ZONE = timezone(timedelta(hours=5, minutes=30))
PERIODS = {
    "hourly": "%Y %m %d %H",
    "daily": "%Y %m %d",
    "weekly": "%G %V",
    "monthly": "%Y %m",
    "yearly": "%Y",
}
moments = st.integers(0, 4 * 365 * 24).map(lambda hours: NOW - timedelta(minutes=hours * 31))
numbers = st.integers(0, 5)
made_rules = st.builds(
    KeepRules,
    numbers,
    numbers,
    numbers,
    numbers,
    numbers,
    numbers,
    tags=st.sampled_from([(), ("a",), ("a,b",), ("a", "b")]),
)
made_tags = st.sampled_from([(), ("a",), ("b",), ("a", "b")])
made_versions = st.lists(st.tuples(moments, made_tags, st.booleans()), max_size=30)


def kept_by_definition(versions: list[Snapshot], rules: KeepRules) -> set[int]:
    """The same, period by period."""
    by_time = sorted(versions, key=lambda s: (s.started_at, s.version))
    kept = {s.version for s in versions if s.protected}
    kept |= {max(s.version for s in versions)} if versions else set()
    kept |= {s.version for s in by_time[len(by_time) - rules.last :]}
    for name, pattern in PERIODS.items():
        newest = {s.started_at.astimezone(ZONE).strftime(pattern): s for s in by_time}
        count = getattr(rules, name)
        chosen = sorted(newest.values(), key=lambda s: (s.started_at, s.version))
        kept |= {s.version for s in chosen[len(chosen) - min(count, len(chosen)) :]}
    for tag in rules.tags:
        kept |= {s.version for s in versions if all(t in s.tags for t in tag.split(","))}
    return kept if rules else {s.version for s in versions}


@settings(max_examples=120, deadline=None)
@given(made_versions, made_rules)
def test_it_keeps_the_union_of_all_rules(
    made: list[tuple[datetime, tuple[str, ...], bool]], rules: KeepRules
) -> None:
    versions = [
        version(number, began, *tags, protected=protected and number % 5 == 0)
        for number, (began, tags, protected) in enumerate(made, 1)
    ]
    rules = replace(rules, last=min(rules.last, len(versions)))
    kept = {v.version for v in verdicts(versions, rules, NOW, ZONE) if v.is_kept}
    assert kept == kept_by_definition(versions, rules)
    assert {*to_forget(versions, rules, NOW, ZONE)} == {s.version for s in versions} - kept


def test_sixty_days_leave_a_week_and_four_weeks() -> None:
    """60 versions, one each noon, the last on Saturday 28 November 2026."""
    versions = [version(n, NOW - timedelta(days=60 - n)) for n in range(1, 61)]
    found = verdicts(versions, KeepRules(daily=7, weekly=4), NOW, UTC)
    kept = {v.version: v.reasons for v in found if v.is_kept}
    # Seven days back from version 60; the Sundays that end the three weeks before this one.
    assert sorted(kept) == [40, 47, 54, 55, 56, 57, 58, 59, 60]
    assert kept[60] == (NEWEST, "daily", "weekly")
    assert kept[54] == ("daily", "weekly")
    assert kept[40] == kept[47] == ("weekly",)
    assert len(to_forget(versions, KeepRules(daily=7, weekly=4), NOW, UTC)) == 51


def test_no_rule_gives_up_what_must_bring_the_folder_back() -> None:
    versions = [version(n, NOW - timedelta(days=9 - n)) for n in range(1, 7)]
    versions[0] = replace(versions[0], protected=True)
    for number in (4, 5):
        versions[number - 1] = replace(versions[number - 1], state=SnapshotState.INCOMPLETE)
    versions[5] = replace(versions[5], state=SnapshotState.BUILDING)
    found = verdicts(versions, KeepRules(tags=("none",)), NOW, UTC)
    assert {v.version: v.reasons for v in found} == {
        5: (NEWEST,),
        4: (),
        3: (NEWEST_COMPLETE,),
        2: (),
        1: (PROTECTED,),
    }


def test_without_a_rule_every_version_is_kept() -> None:
    versions = [version(n, NOW - timedelta(days=9 - n)) for n in (1, 2)]
    assert [v.reasons for v in verdicts(versions, KeepRules(), NOW)] == [
        (NEWEST, NO_RULE),
        (NO_RULE,),
    ]
    assert to_forget(versions, KeepRules(), NOW) == ()


def test_a_clock_in_the_future_does_not_make_old_versions_go() -> None:
    versions = [version(1, NOW - timedelta(days=2)), version(2, NOW + timedelta(days=4000))]
    assert to_forget(versions, KeepRules(within=TimeSpan(days=1)), NOW) == ()
    only_later = [version(1, NOW + timedelta(days=2)), version(2, NOW + timedelta(days=4000))]
    assert to_forget(only_later, KeepRules(within=TimeSpan(years=1000)), NOW) == ()
    assert to_forget(versions, KeepRules(within=span_typed("1000y")), NOW - timedelta(days=2)) == ()


def test_what_is_typed_is_what_is_said() -> None:
    rules = KeepRules(daily=7, weekly=4, within=span_typed("1Y6m"), tags=("a,b", "keep me"))
    assert rules_in_words(rules) == "7 daily, 4 weekly, within 1y6m, tag a,b, tag keep me"
    for wrong in ("", "7", "d", "7 days", "-1d", "1d2y", "9999y"):
        with pytest.raises(ValueError, match=r"30d, 12h|1000 years"):
            span_typed(wrong)
    for wrong in ("", " a", "a,b", "a\nb", "\x1b[31m", "a" * 65):
        assert tag_problem(wrong)
    assert not tag_problem("März 2026")
