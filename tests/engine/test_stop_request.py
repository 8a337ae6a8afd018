"""A request to stop: read in time, and not waited for longer than what holds the engine up."""

from __future__ import annotations

import pytest

from usenetsync_tui.engine.stop_request import TO_CLOSE, UNREAD, StopRequest


def test_without_a_request_nothing_is_overdue() -> None:
    stop = StopRequest()
    assert not stop.is_made
    assert not stop.is_unread(100.0, silent=True)
    assert not stop.is_overdue(100.0, has_job=False, silent=True)


@pytest.mark.parametrize(("silent", "seconds"), [(False, UNREAD), (True, 0.0)])
def test_the_first_request_counts(silent: bool, seconds: float) -> None:
    stop = StopRequest()
    stop.make(10.0)
    stop.make(99.0)
    assert stop.is_made
    assert stop.is_unread(10.0 + seconds, silent=silent)
    assert not stop.is_unread(10.0 + seconds - 0.01, silent=silent)


def test_a_job_may_take_its_time_and_what_follows_may_not() -> None:
    stop = StopRequest()
    stop.make(10.0)
    assert not stop.is_overdue(50.0, has_job=True, silent=False)
    assert not stop.is_overdue(51.0, has_job=False, silent=False)
    assert not stop.is_overdue(51.0 + TO_CLOSE, has_job=False, silent=False)
    assert stop.is_overdue(51.01 + TO_CLOSE, has_job=False, silent=False)
    assert stop.is_overdue(51.01, has_job=False, silent=True)
    assert not stop.is_overdue(60.0, has_job=True, silent=True), "another job, another wait"
    assert not stop.is_overdue(60.5, has_job=False, silent=False)
