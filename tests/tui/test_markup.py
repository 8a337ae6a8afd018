"""Names and usage texts that look like Textual's markup are shown as they are, everywhere."""

from __future__ import annotations

import dataclasses

import pytest
from lists_ground import picture
from test_keys import shown, until
from textual.command import CommandPalette
from textual.content import Content
from textual.widgets import Input
from tui_demo import FakeBrowser, FakeHandle, at_work, examination, folders_of, job, running, server

from usenetsync_tui.model.entries import NoticeKind
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.ports.browser import Cause
from usenetsync_tui.model.servers.servers import ServerState
from usenetsync_tui.model.status.jobs import WorkerStatus
from usenetsync_tui.model.status.tasks import Event, Severity, TaskStatus
from usenetsync_tui.model.waiting import Waiting
from usenetsync_tui.tui.app import UsenetSyncApp
from usenetsync_tui.tui.commands.command_specs import COMMAND_SPECS
from usenetsync_tui.tui.commands.palette import unmarked

NAME = "[red]x[/]"
FOLDER, FILE, SERVER, ERROR, WAIT = (f"[red]{one}[/]" for one in "fpsew")
TEXTS = (
    NAME,
    "[PATH]",
    "[/] alone",
    "[@click=app.quit]x[/]",
    "a\\[b]c",
    "[[x]]",
    "x\\",
    "[--post] [--quick]",
    "[a",
    "[$x]",
    *(f"{spec.name} {spec.arguments}" for spec in COMMAND_SPECS.values()),
)


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_survives_escaping_and_parsing(text: str) -> None:
    assert Content.from_markup(unmarked(text)).plain == text


def marked_up() -> FakeHandle:
    """An engine in which every name looks like markup."""
    failed = job(folder=FOLDER, message=ERROR, state=JobState.FAILED, phase="failed")
    status = running(
        jobs=(job(folder=FOLDER, current=FILE.encode()),),
        message=ERROR,
        servers=(server(SERVER, host="h", state=ServerState.DOWN, message=ERROR),),
        events=(Event(0.0, Severity.BAD, ERROR),),
        tasks=(TaskStatus(1, FOLDER, 1, 2),),
        workers=(WorkerStatus(1, "read", FILE.encode(), ""),),
        waiting=Waiting(WAIT),
        examination=examination(over=False),
    )
    status = dataclasses.replace(status, folders=(*status.folders, *folders_of(failed)))
    browser = FakeBrowser(0, names=(FILE.encode(), b"plain"))
    browser.cause_list = (Cause(NoticeKind.UNPOSTED, ERROR, SERVER, 1),)
    return FakeHandle(status, browser)


WAYS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    ((), (WAIT, ERROR, FILE)),
    (("1",), (FOLDER,)),
    (("2",), (FILE, FOLDER)),
    (("3",), (FILE,)),
    (("4",), (ERROR, SERVER)),
    (("5",), (ERROR,)),
    (("6",), (SERVER, ERROR)),
    (("b",), (f"post to {SERVER}",)),
    (("escape", "1", "x"), (f"Cancel {FOLDER}",)),
    (("escape", "O"), (f"Backup options of {FOLDER}",)),
    (("escape", "V"), (f"Verify {FOLDER}?",)),
    (("escape", "r"), (f"Restore {FOLDER}",)),
    (("escape", "colon", *f"add /{NAME}"), (f"add /{NAME}",)),
    (("escape", "D"), (f"481 {NAME}", WAIT)),
    (("escape", "1", "enter"), (f"{FOLDER} › versions", WAIT)),
    (("enter",), (f"{FOLDER} › version 12", FILE, WAIT)),
    (("enter",), (f"{FOLDER} › version 12 › {FILE}", WAIT)),
)


@pytest.mark.anyio
async def test_names_are_shown_as_they_are() -> None:
    async with shown(marked_up(), (80, 24)) as pilot:
        for keys, expected in WAYS:
            for key in keys:
                await pilot.press({"[": "left_square_bracket"}.get(key, key))
                await pilot.pause(0.02)
            for name in expected:
                await until(pilot, lambda name=name: name in picture(pilot.app))  # type: ignore[misc]


@pytest.mark.anyio
async def test_the_palette_shows_what_a_command_takes() -> None:
    async with shown(at_work(), (100, 60)) as pilot:
        await pilot.press("ctrl+p")
        await until(pilot, lambda: isinstance(pilot.app.screen, CommandPalette))
        for typed, shows in (
            ("add", ":add [--as-new] [PATH]"),
            ("doc", ":doctor [--post] [--quick]"),
            ("rest", ":restore [TARGET | --in-place] [--version N]"),
            ("D", "Doctor · D"),
        ):
            pilot.app.screen.query_one(Input).value = typed
            await until(pilot, lambda shows=shows: shows in picture(pilot.app))  # type: ignore[misc]


@pytest.mark.anyio
async def test_startup_problems_are_shown_unchanged() -> None:
    app = UsenetSyncApp(marked_up(), problems=[f"{NAME} is not a folder."])
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: f"{NAME} is not a folder." in picture(app))
