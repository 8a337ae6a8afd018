"""A question about a refused upload, with its figures."""

from __future__ import annotations

import dataclasses

import pytest
from test_keys import at_pane, shown, until
from textual.pilot import Pilot
from tui_demo import FakeBrowser, FakeHandle, folders_of, job, running

from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.commands.jobs import Retry, Upload
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.sources import Refusal, RefusalKind
from usenetsync_tui.model.status.engine import EngineState, EngineStatus
from usenetsync_tui.model.status.jobs import JobStatus
from usenetsync_tui.tui.dashboard import Dashboard
from usenetsync_tui.tui.dialogs.shrink_dialog import RefusalWatch, ShrinkDialog
from usenetsync_tui.tui.exits import ScreenExit
from usenetsync_tui.tui.kit.question import Ask
from usenetsync_tui.tui.kit.version_words import version_shown

SHRUNK = Refusal(RefusalKind.SHRUNK, 12, 1_110, 1_060)


def refused_job(number: int = 1, refusal: Refusal = SHRUNK, **changes: object) -> JobStatus:
    return job(
        id=number,
        folder_id=number,
        folder="photos" if number == 1 else f"folder {number}",
        state=JobState.FAILED,
        phase="failed",
        message=str(refusal),
        refusal=refusal,
        **changes,
    )


def status(*jobs: JobStatus, **changes: object) -> EngineStatus:
    return running(state=EngineState.IDLE, jobs=jobs, folders=folders_of(*jobs), **changes)


def question(pilot: Pilot[ScreenExit]) -> str:
    return str(pilot.app.screen.query_one("#question-text").render())


@pytest.mark.anyio
async def test_its_yes_begins_the_upload_again() -> None:
    handle = FakeHandle(running(), FakeBrowser(10))
    async with shown(handle) as pilot:
        handle.now = status(refused_job())
        await until(pilot, lambda: isinstance(pilot.app.screen, ShrinkDialog))
        await pilot.pause()
        words = question(pilot)
        assert words.startswith("photos was not uploaded. 1,060 of the 1,110 files of version 12")
        assert "Nothing was removed" in words
        await pilot.press("y")
        await pilot.pause()
    assert handle.commands == [Retry(1, allow_shrink=True)]


@pytest.mark.anyio
@pytest.mark.parametrize("answer", ["n", "escape", "enter"])
async def test_its_no_does_nothing_and_it_asks_once(answer: str) -> None:
    handle = FakeHandle(running(), FakeBrowser(10))
    async with shown(handle) as pilot:
        handle.now = status(refused_job())
        await until(pilot, lambda: isinstance(pilot.app.screen, ShrinkDialog))
        await pilot.press(answer)
        await pilot.pause(0.6)
        assert isinstance(pilot.app.screen, Dashboard)
        # R asks again, and does not start the refused upload again.
        await at_pane(pilot, "folders")
        await pilot.press("G", "R")
        await until(pilot, lambda: isinstance(pilot.app.screen, ShrinkDialog))
        await pilot.press("y")
        await pilot.pause()
    assert handle.commands == [Retry(1, allow_shrink=True)]


@pytest.mark.anyio
async def test_it_waits_until_nothing_else_is_asked() -> None:
    handle = FakeHandle(running(), FakeBrowser(10))
    async with shown(handle) as pilot:
        await pilot.press("q")
        await until(pilot, lambda: isinstance(pilot.app.screen, Ask))
        handle.now = status(refused_job())
        await pilot.pause(0.6)
        assert type(pilot.app.screen) is Ask
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, ShrinkDialog))


@pytest.mark.anyio
async def test_refusals_that_cannot_be_allowed_are_not_asked() -> None:
    handle = FakeHandle(running(), FakeBrowser(10))
    async with shown(handle) as pilot:
        for kind in (RefusalKind.GONE, RefusalKind.REPLACED):
            handle.now = status(refused_job(refusal=Refusal(kind, 12, 5, 5, "no such folder")))
            await pilot.pause(0.6)
            assert isinstance(pilot.app.screen, Dashboard)
        await at_pane(pilot, "folders")
        await pilot.press("G", "R")
        await pilot.pause()
    assert handle.commands == [Retry(1)]


@pytest.mark.anyio
async def test_several_are_one_question() -> None:
    handle = FakeHandle(running(), FakeBrowser(10))
    async with shown(handle) as pilot:
        handle.now = status(*(refused_job(n) for n in range(1, 7)))
        await until(pilot, lambda: isinstance(pilot.app.screen, ShrinkDialog))
        await pilot.pause()
        words = question(pilot)
        assert words.startswith("6 folders were not uploaded.")
        assert "… and 2 more" in words
        await pilot.press("y")
        await pilot.pause()
    assert handle.commands == [Retry(n, allow_shrink=True) for n in range(1, 7)]


def test_only_what_is_refused_meanwhile_is_asked_about() -> None:
    watch = RefusalWatch()
    assert watch.update(status(refused_job()), may_ask=True) == []
    assert watch.update(status(refused_job(), refused_job(2)), may_ask=False) == []
    (asked,) = watch.update(status(refused_job(), refused_job(2)), may_ask=True)
    assert asked.id == 2
    assert watch.update(status(refused_job(), refused_job(2)), may_ask=True) == []
    assert watch.update(running(), may_ask=True) == []
    assert [j.id for j in watch.update(status(refused_job()), may_ask=True)] == [1]
    other = RefusalWatch()
    other.update(running(read_only=True), may_ask=True)
    assert other.update(status(refused_job(), read_only=True), may_ask=True) == []


@pytest.mark.anyio
async def test_a_line_allows_it_too() -> None:
    handle = FakeHandle(running(), FakeBrowser(10))
    async with shown(handle) as pilot:
        for line in ("upload --allow-shrink", "upload"):
            await pilot.press("colon", *line, "enter")
            await pilot.pause()
    assert handle.commands == [
        Upload(b"/srv/photos", FolderChoices(), allow_shrink=True),
        Upload(b"/srv/photos", FolderChoices()),
    ]


def test_the_version_shown_is_the_newest_finished_one_unless_one_is_built() -> None:
    assert version_shown(None) == (None, False)
    (_, building) = folders_of(job(version=13))
    assert version_shown(building) == (13, True)
    for state in (JobState.FAILED, JobState.CANCELLED, JobState.COMPLETED):
        ended = job(version=13, state=state)
        over = dataclasses.replace(building, job=ended, backup=ended)
        assert version_shown(over) == (12, False)
    first = dataclasses.replace(building, job=job(version=1), backup=job(version=1), latest=None)
    assert version_shown(first) == (1, True)
    resting = dataclasses.replace(building, job=None, backup=None)
    assert version_shown(resting) == (12, False)
    assert version_shown(dataclasses.replace(first, job=None, backup=None)) == (None, False)
