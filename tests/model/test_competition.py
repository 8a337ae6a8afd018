"""Which jobs run at once, and what each of them gets."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from usenetsync_tui.model.competition import (
    HEAVY_BYTES,
    HEAVY_FILES,
    compete,
    is_heavy,
    limits_of,
    workers_of,
)
from usenetsync_tui.model.folders import Priority
from usenetsync_tui.model.jobs import Job, JobState, Verb
from usenetsync_tui.model.status.engine import Limits

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
RUNNING_VERBS = [Verb.UPLOAD, Verb.RESTORE, Verb.VERIFY, Verb.INDEX, Verb.FORGET]
TOGETHER = {
    ("same folder", Verb.UPLOAD, Verb.RESTORE),
    ("same folder", Verb.RESTORE, Verb.VERIFY),
    ("same folder", Verb.RESTORE, Verb.INDEX),
    ("same folder", Verb.RESTORE, Verb.FORGET),
    ("other folder", Verb.UPLOAD, Verb.RESTORE),
    ("other folder", Verb.UPLOAD, Verb.VERIFY),
    ("other folder", Verb.RESTORE, Verb.VERIFY),
    ("other folder", Verb.RESTORE, Verb.INDEX),
    ("other folder", Verb.VERIFY, Verb.INDEX),
    ("other folder", Verb.RESTORE, Verb.FORGET),
    ("other folder", Verb.VERIFY, Verb.FORGET),
}


def job(number: int, verb: Verb, folder: int = 1, **changes: int) -> Job:
    made = Job(
        number, folder, verb, Priority.NORMAL, JobState.QUEUED, 1, None, None, False, NOON, None,
        0, 0, 0, 0, 0, None,
    )  # fmt: skip
    return replace(made, **changes)


@pytest.mark.parametrize("verb", RUNNING_VERBS)
@pytest.mark.parametrize("other", RUNNING_VERBS)
@pytest.mark.parametrize("where", ["same folder", "other folder"])
def test_every_pair(verb: Verb, other: Verb, where: str) -> None:
    one, two = job(1, verb), job(2, other, 1 if where == "same folder" else 2)
    together = {(where, verb, other), (where, other, verb)} & TOGETHER
    assert compete(one, two) == compete(two, one) == (not together)


def test_parts_stay_within_the_limits_of_the_engine() -> None:
    limits = Limits(8, 40, 1000, 768_000, 4 << 30)
    jobs = [job(n, verb, n) for n, verb in enumerate(RUNNING_VERBS[:3], 1)]
    assert sum(limits_of(j.verb, limits).memory_limit for j in jobs) <= limits.memory_limit
    assert workers_of(jobs, 8) == {1: 3, 2: 3, 3: 2}
    assert workers_of(jobs[:1], 8) == {1: 8}
    assert workers_of(jobs, 1) == {1: 1, 2: 1, 3: 1}


def test_what_is_heavy() -> None:
    assert is_heavy(job(1, Verb.UPLOAD)), "it never ran, so nothing is known of it"
    small = {"total_files": 20_000, "total_bytes": 2 * HEAVY_BYTES}
    assert is_heavy(job(1, Verb.UPLOAD, **small))
    left = {"done_files": 20_000 - HEAVY_FILES, "done_bytes": HEAVY_BYTES}
    assert not is_heavy(job(1, Verb.UPLOAD, **small, **left))
