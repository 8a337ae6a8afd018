"""The form that brings a folder back: a typing error costs no second typing."""

from __future__ import annotations

import dataclasses

import pytest
from dialog_ground import picture
from test_keys import shown, until
from textual.widgets import Input
from tui_demo import STRING, SharingHandle, empty, unseen

from usenetsync_tui.model.commands.recovery import Adopt
from usenetsync_tui.model.secret import Secret
from usenetsync_tui.model.status.recovery import Adopting
from usenetsync_tui.tui.dashboard import Dashboard
from usenetsync_tui.tui.dialogs.by_string.adopt_form import AdoptForm
from usenetsync_tui.tui.dialogs.first_run import FirstRun

pytestmark = pytest.mark.anyio
DONE = "photos: adopted up to version 12, 412,877 files"


async def test_a_typing_error_stays_in_the_form_and_is_corrected() -> None:
    handle = unseen()
    async with shown(handle, (80, 24)) as pilot:
        await pilot.press(*":adopt", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, AdoptForm))
        form = pilot.app.screen
        assert isinstance(form, AdoptForm)
        form.accept()
        await until(pilot, lambda: "Type the string." in picture(pilot.app))  # type: ignore[arg-type]
        field = form.query_one("#string", Input)
        field.value = STRING[:20] + "z" + STRING[21:]
        form.query_one("#passphrase", Input).value = "correct horse"
        await pilot.pause()  # what is typed takes the last complaint away
        form.accept()
        await until(pilot, lambda: "group 6" in picture(pilot.app))  # type: ignore[arg-type]
        assert field.has_focus and field.value
        assert STRING[:20] not in picture(pilot.app)  # type: ignore[arg-type]
        await pilot.press("ctrl+o")
        await until(pilot, lambda: STRING[:20] in picture(pilot.app))  # type: ignore[arg-type]
        await pilot.press("tab")
        await until(pilot, lambda: STRING[:20] not in picture(pilot.app))  # type: ignore[arg-type]
        field.value = STRING
        await pilot.pause()
        form.accept()
        await until(pilot, lambda: "photos: 412,877 files" in picture(pilot.app))  # type: ignore[arg-type]
        assert handle.commands[-1] == Adopt(Secret(STRING), Secret("correct horse"))
        over = Adopting(2, "photos", 412_877, over=True, outcome=DONE)
        handle.now = dataclasses.replace(handle.now, adopting=over)
        await until(pilot, lambda: isinstance(pilot.app.screen, Dashboard))
        await until(pilot, lambda: "adopted up to version 12" in picture(pilot.app))  # type: ignore[arg-type]


async def test_the_empty_first_screen_offers_it() -> None:
    nothing = empty()
    handle = SharingHandle(nothing.now, nothing.browser)
    async with shown(handle, (80, 24)) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, FirstRun))
        await pilot.press("d")
        assert "lost your machine?" in picture(pilot.app)  # type: ignore[arg-type]
        await pilot.press("b")
        await until(pilot, lambda: isinstance(pilot.app.screen, AdoptForm))
        form = pilot.app.screen
        assert isinstance(form, AdoptForm)
        form.query_one("#string", Input).value = STRING
        form.accept()
        await until(pilot, lambda: bool(handle.commands))
        over = Adopting(1, "photos", 412_877, over=True, outcome=DONE)
        handle.now = dataclasses.replace(handle.now, adopting=over)
        await until(pilot, lambda: isinstance(pilot.app.screen, Dashboard))
