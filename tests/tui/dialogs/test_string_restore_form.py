"""The form that restores with a recovery string: it shows no string, and lists its versions."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from dialog_ground import picture
from test_keys import shown, until
from textual.widgets import Input
from tui_demo import STRING, job, unseen

from usenetsync_tui.model.commands.folders import StopPreview
from usenetsync_tui.model.commands.jobs import Restore
from usenetsync_tui.model.commands.recovery import (
    OF_STRING,
    LookByString,
    RestoreByString,
    StopStringRestore,
)
from usenetsync_tui.model.commands.versions import PreviewRestore
from usenetsync_tui.model.jobs import JobState, Verb
from usenetsync_tui.model.restores.choices import Overwrite, RestoreChoices
from usenetsync_tui.model.restores.plans import PlanPhase, RestorePreview
from usenetsync_tui.model.secret import Secret
from usenetsync_tui.model.status.recovery import StringRestoreStatus
from usenetsync_tui.tui.dashboard import Dashboard
from usenetsync_tui.tui.dialogs.by_string.string_restore_form import StringRestoreForm

pytestmark = pytest.mark.anyio


def seen(app: Any) -> str:
    return picture(app)


async def test_a_version_is_chosen_and_followed_to_its_end() -> None:
    handle = unseen()
    async with shown(handle, (80, 24)) as pilot:
        await pilot.press(*":restore-string", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, StringRestoreForm))
        form = pilot.app.screen
        assert isinstance(form, StringRestoreForm)
        form.query_one("#string", Input).value = STRING[:-1]
        await pilot.pause()  # what is typed takes the last complaint away
        await pilot.press("ctrl+l")
        await until(pilot, lambda: "probably wrong" in seen(pilot.app))
        form.query_one("#string", Input).value = STRING
        form.query_one("#passphrase", Input).value = "correct horse"
        await pilot.pause()
        await pilot.press("ctrl+l")
        await until(pilot, lambda: "photos: 12 versions." in seen(pilot.app))
        assert handle.commands[-1] == LookByString(STRING, Secret("correct horse"))
        version = form.query_one("#version", Input)
        assert version.value == "12"
        version.focus()
        await pilot.press("right")
        form.query_one("#prefix", Input).value = "2024/a"
        form.query_one("#target", Input).value = "/mnt/back"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "photos version 11: 55%" in seen(pilot.app))
        wanted = RestoreByString(STRING, Secret("correct horse"), b"/mnt/back", 11, (b"2024/a",))
        assert handle.commands[-1] == wanted
        assert STRING[-20:] not in seen(pilot.app) and "horse" not in seen(pilot.app)

        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, Dashboard))
        await until(pilot, lambda: "restore by string: photos version 11" in seen(pilot.app))
        await pilot.press("W")
        await until(pilot, lambda: "photos version 11: 55%" in seen(pilot.app))
        await pilot.press("ctrl+t")
        await until(pilot, lambda: handle.commands[-1] == StopStringRestore())
        ended = job(verb=Verb.RESTORE, version=11, state=JobState.COMPLETED, posted_bytes=0)
        over = StringRestoreStatus(1, b"/mnt/back", "photos", 11, job=ended, over=True)
        handle.now = dataclasses.replace(handle.now, string_restore=over)
        await until(pilot, lambda: "photos v11 restore:" in seen(pilot.app))


async def test_it_has_the_choices_and_the_preview_of_a_restore() -> None:
    handle = unseen()
    choices = RestoreChoices((b"*.o",), Overwrite.NEVER, delete=True, numeric_ids=True)
    wanted = Restore(OF_STRING, b"/mnt/back", choices=choices)
    async with shown(handle, (80, 24)) as pilot:
        await pilot.press("1", "W")
        await until(pilot, lambda: isinstance(pilot.app.screen, StringRestoreForm))
        form = pilot.app.screen
        for name, text in (("string", STRING), ("target", "/mnt/back"), ("exclude", "*.o")):
            form.query_one(f"#{name}", Input).value = text
        for name, keys in (("overwrite", "lll"), ("others", "l"), ("owners", "l")):
            form.query_one(f"#{name}").focus()
            await pilot.press(*keys)
        assert "● by number" in seen(pilot.app)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "This deletes files" in seen(pilot.app))
        assert handle.commands == [PreviewRestore(wanted, 0, STRING)]
        found = RestorePreview(1, wanted, phase=PlanPhase.LOAD)
        handle.now = dataclasses.replace(handle.now, restore_preview=found)
        await until(pilot, lambda: "Loading the index" in seen(pilot.app))
        over = dataclasses.replace(found, phase=PlanPhase.PLAN, over=True)
        handle.now = dataclasses.replace(handle.now, restore_preview=over)
        await until(pilot, lambda: "Nothing to restore." in seen(pilot.app))
        await pilot.press("ctrl+s")
        restore = RestoreByString(STRING, Secret(""), b"/mnt/back", choices=choices)
        await until(pilot, lambda: restore in handle.commands)
        await until(pilot, lambda: handle.commands[-1] == StopPreview())
        assert STRING[-20:] not in seen(pilot.app)
