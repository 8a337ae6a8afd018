"""The question about heavy jobs of an earlier time, when the screen opens."""

from __future__ import annotations

import pytest
from test_keys import shown, until
from tui_demo import FakeBrowser, FakeHandle, folders_of, job, running

from usenetsync_tui.model.commands.command import Command
from usenetsync_tui.model.commands.jobs import Cancel, Pause, Resume
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.status.engine import EngineState, EngineStatus
from usenetsync_tui.tui.dialogs.resume_dialog import HeldWatch, ResumeDialog, commands_for


def held(*numbers: int) -> EngineStatus:
    jobs = tuple(job(id=n, folder_id=n, folder=f"f{n}", state=JobState.QUEUED) for n in numbers)
    return running(state=EngineState.IDLE, jobs=jobs, folders=folders_of(*jobs), held=numbers)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("key", "command"), [("r", Resume), ("p", Pause), ("c", Cancel), ("escape", Pause)]
)
async def test_each_answer_is_for_all(key: str, command: type[Command]) -> None:
    handle = FakeHandle(held(1, 2), FakeBrowser(10))
    async with shown(handle) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, ResumeDialog))
        await pilot.pause()
        words = str(pilot.app.screen.query_one("#question-text").render())
        assert "2 interrupted jobs" in words, words
        assert "f1 is at 55%" in words, words
        await pilot.press(key)
        await pilot.pause()
        assert handle.commands == [command(1), command(2)]


def test_it_asks_once() -> None:
    watch = HeldWatch()
    assert not watch.update(held(1), may_ask=False)
    assert [j.id for j in watch.update(held(1), may_ask=True)] == [1]
    assert not watch.update(held(1), may_ask=True)
    assert commands_for(None, held(3).jobs) == [Pause(3)], "no answer leaves them paused"
