"""The restore dialog: its choices, its preview, and that nothing is deleted without a look."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from lists_ground import picture, until
from textual.pilot import Pilot
from tui_demo import at_work

from usenetsync_tui.model.commands.folders import StopPreview
from usenetsync_tui.model.commands.jobs import Restore
from usenetsync_tui.model.commands.versions import PreviewRestore
from usenetsync_tui.model.restores.choices import Overwrite, RestoreChoices
from usenetsync_tui.model.restores.plans import (
    MOST_SHOWN,
    Fate,
    FateCount,
    PlannedPath,
    PlanPhase,
    PlanTotals,
    RestorePreview,
)
from usenetsync_tui.tui.app import UsenetSyncApp
from usenetsync_tui.tui.dialogs.restoring.plan_lines import plan_heads, plan_lines
from usenetsync_tui.tui.dialogs.restoring.restore_dialog import RestoreDialog
from usenetsync_tui.tui.kit.inks import width_of
from usenetsync_tui.tui.kit.options import Options

pytestmark = pytest.mark.anyio
DELETED = PlannedPath(Fate.DELETE, b"sub/new\xff.txt", 0, 7, "")
TOTALS = PlanTotals(delete=FateCount(MOST_SHOWN + 1, 7), keep=FateCount(1, 2))


async def asked(pilot: Pilot[None], line: str) -> None:
    await pilot.press("1", "colon", *line, "enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, RestoreDialog))
    await pilot.pause()


async def test_a_restore_that_deletes_is_looked_at_first(tmp_path: Path) -> None:
    handle, out = at_work(), os.fsencode(tmp_path / "out")
    wanted = Restore(1, out, 12, choices=RestoreChoices((b"*.o",), Overwrite.IF_NEWER, delete=True))
    async with UsenetSyncApp(handle).run_test(size=(80, 24)) as pilot:
        line = f"restore {os.fsdecode(out)} --exclude *.o --delete --overwrite if-newer"
        await asked(pilot, line)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: handle.commands == [PreviewRestore(wanted)])
        await until(pilot, lambda: "This deletes files" in picture(pilot.app))
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "not complete yet" in picture(pilot.app))
        found = RestorePreview(1, wanted, totals=TOTALS, rows=(DELETED,), over=True)
        handle.now = replace(handle.now, restore_preview=found)
        await until(pilot, lambda: "- delete" in picture(pilot.app))
        assert r"sub/new\xff.txt" in picture(pilot.app)
        assert "201 to delete, 7 B" in picture(pilot.app)
        await pilot.press("pagedown")
        await until(pilot, lambda: handle.commands[-1] == PreviewRestore(wanted, 1))
        await pilot.press("ctrl+s")
        await until(pilot, lambda: wanted in handle.commands)
        await until(pilot, lambda: StopPreview() in handle.commands)


async def test_the_preview_leads_back_to_the_answers(tmp_path: Path) -> None:
    """Without `--delete` nobody must look; an older preview of the same restore is not ours."""
    handle, out = at_work(), os.fsencode(tmp_path / "out")
    wanted = Restore(1, out, 12, choices=RestoreChoices(numeric_ids=True))
    stale = RestorePreview(4, wanted, totals=TOTALS, rows=(DELETED,), over=True)
    handle.now = replace(handle.now, restore_preview=stale)
    async with UsenetSyncApp(handle).run_test(size=(80, 24)) as pilot:
        await asked(pilot, f"restore {os.fsdecode(out)}")
        owners = pilot.app.screen.query_one("#owners", Options)
        owners.focus()
        await pilot.press("right")
        await until(pilot, lambda: "● by number" in picture(pilot.app))
        await until(pilot, lambda: "keep their numbers" in picture(pilot.app))
        await pilot.press("ctrl+r")
        await until(pilot, lambda: handle.commands == [PreviewRestore(wanted)])
        await until(pilot, lambda: "Nothing to restore so far." in picture(pilot.app))
        handle.now = replace(handle.now, restore_preview=replace(stale, number=5))
        await until(pilot, lambda: "201 to delete, 7 B" in picture(pilot.app))
        await pilot.press("escape")
        await until(pilot, lambda: handle.commands[-1] == StopPreview())
        assert isinstance(pilot.app.screen, RestoreDialog)
        pilot.app.screen.query_one("#preview").focus()
        await pilot.press("enter")
        await until(pilot, lambda: handle.commands[-1] == PreviewRestore(wanted))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, RestoreDialog))
        await pilot.press("ctrl+s")
        await until(pilot, lambda: handle.commands[-1] == wanted)


async def test_a_restore_to_its_own_place() -> None:
    handle = at_work()
    async with UsenetSyncApp(handle).run_test(size=(140, 45)) as pilot:
        await asked(pilot, "restore --in-place --numeric-ids")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: bool(handle.commands))
    numbers = RestoreChoices(numeric_ids=True)
    assert handle.commands == [Restore(1, b"", 12, in_place=True, choices=numbers)]


def test_no_line_of_the_sums_begins_with_a_unit() -> None:
    found = RestorePreview(1, Restore(1, b"/out"), totals=TOTALS, over=True)
    for width in range(30, 140):
        lines = ["".join(text for text, _ in line) for line in plan_heads(found, width)]
        assert not [line for line in lines if line.split()[0].removesuffix("B") in ("", "k", "M")]


def test_a_plan_in_words() -> None:
    def text(preview: RestorePreview) -> str:
        lines = (*plan_heads(preview, 60), *plan_lines(preview, 60))
        return "\n".join("".join(t for t, _ in line).rstrip() for line in lines)

    wanted = Restore(1, b"/out")
    assert text(RestorePreview(1, wanted)) == "Nothing to restore so far."
    assert text(RestorePreview(1, wanted, phase=PlanPhase.LOAD)) == "Loading the index…"
    found = RestorePreview(1, wanted, page=1, totals=TOTALS, rows=(DELETED,), problems=("No.",))
    assert " · 1 to keep, 2 B so far\n" in text(found) and "\n! No.\n" in text(found)
    assert "201 to 201 of 202 paths" in " ".join(text(found).split())
    failed = PlannedPath(Fate.FAIL, b"a/" * 40, 0, 1_000, "a directory is in the way")
    for width in (40, 76, 136):
        lines = plan_lines(replace(found, rows=(failed, DELETED)), width)
        assert {width_of(line) for line in lines[2:]} == {width}, width
    assert text(replace(found, error="No.")).startswith("! No.")
