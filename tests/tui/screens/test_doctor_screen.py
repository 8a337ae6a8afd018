"""`doctor` on the screen: the findings of the engine, and the screen's own about its terminal."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_keys import shown, until
from tui_demo import FakeHandle, at_work, examination, read_only

from usenetsync_tui.model.commands.engine import Examine, StopExamining
from usenetsync_tui.model.machine.findings import Finding, Grade, bad, good
from usenetsync_tui.model.status.tasks import Examination
from usenetsync_tui.tui.commands.command_line import CommandLine
from usenetsync_tui.tui.dashboard import Dashboard
from usenetsync_tui.tui.kit.inks import Line, width_of
from usenetsync_tui.tui.screens.doctor_lines import doctor_lines
from usenetsync_tui.tui.screens.doctor_screen import DoctorScreen

pytest_anyio = pytest.mark.anyio


def text_of(line: Line) -> str:
    return "".join(text for text, _ in line)


def words(handle: FakeHandle, screen: DoctorScreen, width: int = 76) -> str:
    lines = screen._compose_findings(handle.now, width, 20)
    return "\n".join(text_of(line).rstrip() for line in lines)


def seen(handle: FakeHandle, examined: Examination) -> None:
    handle.now = dataclasses.replace(handle.now, examination=examined)


@pytest_anyio
async def test_an_examination_runs_is_shown_and_runs_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    handle = at_work()
    async with shown(handle, (80, 24)) as pilot:
        await pilot.press("D")
        await until(pilot, lambda: isinstance(pilot.app.screen, DoctorScreen))
        screen = pilot.app.screen
        assert isinstance(screen, DoctorScreen)
        await until(pilot, lambda: handle.commands == [Examine()])
        assert "waiting for the engine" in words(handle, screen)
        seen(handle, examination(over=False))
        await until(pilot, lambda: "checking…  x stops" in words(handle, screen))
        said = words(handle, screen)
        assert "✓ database" in said and "! rights" in said and "✗ spare" in said
        assert "chmod 700" in said  # the advice
        assert "! terminal     dumb, 80 × 24" in said and "Set TERM" in said
        await pilot.press("x")
        assert handle.commands[1:] == [StopExamining()]
        seen(handle, dataclasses.replace(examination(), stopped=True))
        await until(pilot, lambda: "Stopped by you. So far: 1 problem" in words(handle, screen))
        await pilot.press("r")
        assert handle.commands[2:] == [Examine()]
        await until(pilot, lambda: "waiting for the engine" in words(handle, screen))
        seen(handle, dataclasses.replace(examination(), number=2))
        await until(pilot, lambda: "1 problem, " in words(handle, screen))
        await pilot.press("p", "x", "escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, Dashboard))
    assert handle.commands[3:] == [Examine(post=True)]  # no new examination to stop yet


@pytest_anyio
async def test_a_running_examination_is_shown_and_not_started_again() -> None:
    handle = at_work()
    seen(handle, examination(over=False))
    async with shown(handle) as pilot:
        await pilot.press("D")
        await until(pilot, lambda: isinstance(pilot.app.screen, DoctorScreen))
        screen = pilot.app.screen
        assert isinstance(screen, DoctorScreen)
        await until(pilot, lambda: "✓ database" in words(handle, screen))
    assert handle.commands == []


@pytest_anyio
async def test_the_command_works_while_read_only() -> None:
    handle = read_only()
    async with shown(handle) as pilot:
        for line, wanted in (
            ("doctor", Examine()),
            ("doctor --quick", Examine(sums=False)),
            ("doctor --quick --post", Examine(post=True, sums=False)),
        ):
            await pilot.press("colon")
            await until(pilot, lambda: bool(pilot.app.screen.query(CommandLine)))
            await pilot.press(*line, "enter")
            await until(pilot, lambda: isinstance(pilot.app.screen, DoctorScreen))
            await until(pilot, lambda wanted=wanted: handle.commands[-1:] == [wanted])  # type: ignore[misc]
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(pilot.app.screen, Dashboard))
    assert len(handle.commands) == 3


_TEXTS = st.text(max_size=300)
_FINDINGS = st.builds(Finding, _TEXTS, st.sampled_from(Grade), _TEXTS, _TEXTS)


@given(st.lists(_FINDINGS, min_size=1, max_size=5), st.integers(58, 200))
def test_nothing_found_is_wider_than_the_screen(found: list[Finding], width: int) -> None:
    for examined in (None, Examination(1, tuple(found), over=True)):
        for line in doctor_lines(examined, found, width):
            assert width_of(line) <= width
            assert text_of(line).isprintable()


def test_the_words_are_those_of_the_command() -> None:
    found = (good("disk", "9 GB free"), bad("[red]x[/]", "h:119: login failed", "Log in."))
    lines = [text_of(line).rstrip() for line in doctor_lines(Examination(1, found), (), 80)]
    assert lines[:3] == [
        "✓ disk         9 GB free",
        "✗ [red]x[/]    h:119: login failed",
        "               Log in.",
    ]
