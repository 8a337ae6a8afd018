"""The restore dialog: its choices, its preview, and that nothing is deleted without a look."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from lists_ground import picture, until
from textual.pilot import Pilot
from tui_demo import at_work

from usenetsync_tui.model.commands import PreviewRestore, Restore, StopPreview
from usenetsync_tui.model.restore_choices import Overwrite, RestoreChoices
from usenetsync_tui.model.restore_plans import (
    MOST_SHOWN,
    Fate,
    FateCount,
    PlannedPath,
    PlanTotals,
    RestorePreview,
)
from usenetsync_tui.tui.app import UsenetSyncApp
from usenetsync_tui.tui.dialogs.plan_lines import UNASKED, plan_lines
from usenetsync_tui.tui.dialogs.restore_dialog import RestoreDialog

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
        assert UNASKED[:40] in picture(pilot.app)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: bool(handle.commands))
        assert handle.commands == [PreviewRestore(wanted)]
        await until(pilot, lambda: "see the preview" in picture(pilot.app))
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


async def test_a_restore_to_its_own_place() -> None:
    handle = at_work()
    async with UsenetSyncApp(handle).run_test(size=(140, 45)) as pilot:
        await asked(pilot, "restore --in-place")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: bool(handle.commands))
    assert handle.commands == [Restore(1, b"", 12, in_place=True)]


def test_a_plan_in_words() -> None:
    def text(preview: RestorePreview | None) -> str:
        return "\n".join("".join(t for t, _ in line).rstrip() for line in plan_lines(preview, 60))

    wanted = Restore(1, b"/out")
    assert text(None).startswith(UNASKED[:50])
    assert "Nothing to restore so far." in text(RestorePreview(1, wanted))
    found = RestorePreview(1, wanted, page=1, totals=TOTALS, rows=(DELETED,), problems=("No.",))
    assert "1 to keep, 2 B so far\n! No." in text(found)
    assert "201 to 201 of 202 paths" in " ".join(text(found).split())
    assert text(replace(found, error="No.")).startswith("! No.")
