"""The end of jobs: one toast with figures, and the bell for long ones."""

from __future__ import annotations

import dataclasses

import pytest
from lists_ground import picture
from tui_demo import FakeHandle, job, running

from usenetsync_tui.model.jobs import JobState, Verb
from usenetsync_tui.model.status.jobs import JobStatus
from usenetsync_tui.tui.app import UsenetSyncApp
from usenetsync_tui.tui.panes.ended_jobs import EndedJobs, ended_severity, ended_words, rings_bell


def over(**changes: object) -> JobStatus:
    base = {
        "state": JobState.COMPLETED,
        "done_files": 1_204,
        "posted_bytes": 8_100_000_000,
        "done_bytes": 9_300_000_000,
        "elapsed": 124.0,
        "message": "",
    }
    return job(**{**base, **changes})


def test_figures_of_one_job() -> None:
    assert ended_words([over()]) == "photos v12: 1,204 files, 8.10 GB posted, 2m04s"
    restored = over(verb=Verb.RESTORE, posted_bytes=0)
    assert ended_words([restored]) == "photos v12 restore: 1,204 files, 9.30 GB, 2m04s"
    partly = over(state=JobState.INCOMPLETE, errors=3)
    words = "photos v12 upload incomplete after 2m04s: 3 errors, 1,204 files, 8.10 GB posted"
    assert ended_words([partly]) == words
    failed = over(state=JobState.FAILED, message="no \x1b[31mroom")
    assert ended_words([failed]).startswith("photos v12 upload failed after 2m04s: no ")
    assert "\x1b" not in ended_words([failed])


def test_several_ends_are_one_sentence() -> None:
    jobs = [over(), over(id=2), over(id=3, state=JobState.FAILED)]
    assert ended_words(jobs) == ("3 jobs ended: 2 done, 1 failed; 3,612 files, 24.3 GB posted")
    assert ended_severity(jobs) == "error"
    assert ended_severity(jobs[:2]) == "information"


def test_only_an_end_that_was_seen_counts() -> None:
    ended = EndedJobs()
    old = over(id=9)
    assert ended.update(running(jobs=(old, job()))) == ()
    assert ended.update(running(jobs=(old, over()))) == (over(),)
    assert ended.update(running(jobs=(old, over()))) == ()


@pytest.mark.parametrize(("after", "rings"), [(0, False), (60, True), (124, True), (125, False)])
def test_the_bell_is_for_long_jobs(after: int, *, rings: bool) -> None:
    assert rings_bell([over(elapsed=3.0), over()], after) is rings


@pytest.mark.anyio
async def test_the_screen_says_it_and_rings(monkeypatch: pytest.MonkeyPatch) -> None:
    handle, rung = FakeHandle(running(jobs=(job(),))), []
    app = UsenetSyncApp(handle, bell_after=60)
    monkeypatch.setattr(app, "bell", lambda: rung.append(True))
    async with app.run_test(size=(100, 32), notifications=True) as pilot:
        await pilot.pause()
        handle.now = dataclasses.replace(handle.now, jobs=(over(),))
        app.look()
        await pilot.pause(0.3)
        assert [each.message for each in app._notifications] == [ended_words([over()])]
        assert "8.10 GB posted" in picture(app)
        assert rung == [True]
