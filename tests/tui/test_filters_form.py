"""The form of a folder's filters: what it sends, what its preview shows."""

from __future__ import annotations

from dataclasses import replace

import pytest
from lists_ground import picture, until
from textual.widgets import Input
from tui_demo import at_work

from usenetsync_tui.model.commands.folders import Choose, FolderChoices, PreviewFilters, StopPreview
from usenetsync_tui.model.dry_runs import DryRunRow, DryRunTotals, Preview
from usenetsync_tui.model.filters import FilterChoices, Filters, Rule
from usenetsync_tui.model.versions.changes import Change
from usenetsync_tui.tui.app import UsenetSyncApp
from usenetsync_tui.tui.dialogs.filter_lines import UNASKED, preview_lines
from usenetsync_tui.tui.dialogs.filters_form import FiltersForm
from usenetsync_tui.tui.kit.pattern_words import typed, words

WANTED = Filters((b"*.o", b"a\\ b"), exclude_larger_than=5_000_000)


@pytest.mark.anyio
async def test_the_form_previews_and_saves() -> None:
    handle = at_work()
    async with UsenetSyncApp(handle).run_test(size=(100, 40), notifications=True) as pilot:
        await pilot.press("1", "E")
        await until(pilot, lambda: isinstance(pilot.app.screen, FiltersForm))
        form = pilot.app.screen
        form.query_one("#exclude", Input).value = r"*.o a\ b"
        form.query_one("#larger", Input).value = "much"
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "Type a size such as" in picture(pilot.app))
        assert handle.commands == []
        form.query_one("#larger", Input).value = "5M"
        form.query_one("#preview").focus()
        await pilot.press("enter")
        await until(pilot, lambda: bool(handle.commands))
        (asked,) = handle.commands
        assert isinstance(asked, PreviewFilters)
        assert asked.filters == WANTED
        row = DryRunRow(Change.EXCLUDED, b"src/x.o", None, 0, rule=Rule("*.o", "--exclude"))
        found = Preview(1, asked.folder_id, WANTED, DryRunTotals(excluded=1), (row,), over=True)
        handle.now = replace(handle.now, preview=found)
        await until(pilot, lambda: "*.o (--exclude)" in picture(pilot.app))
        await pilot.press("ctrl+s")
        await until(pilot, lambda: len(handle.commands) == 3)
        filters = FilterChoices.of(WANTED)
        assert set(map(type, handle.commands[1:])) == {Choose, StopPreview}
        chosen = next(c for c in handle.commands if isinstance(c, Choose))
        assert chosen.choices == FolderChoices(filters=filters)

        await pilot.press("colon", *"exclude", "space", *"k", "enter")
        await until(pilot, lambda: len(handle.commands) == 4)
        added = handle.commands[-1]
        assert isinstance(added, Choose)
        assert added.choices == FolderChoices(filters=FilterChoices(exclude=(b"k",)))


def test_a_preview_in_words() -> None:
    def text(preview: Preview | None) -> str:
        return "\n".join("".join(t for t, _ in line) for line in preview_lines(preview, 60))

    assert text(None).startswith(UNASKED[:50])
    found = Preview(1, 1, Filters(), DryRunTotals(excluded=2, added=1, to_post=9, problems=1))
    assert "2 excluded, 0 removed, 1 stay so far" in text(found)
    assert "1 cannot be read" in text(found)
    assert text(replace(found, error="--exclude: no")).rstrip() == "! --exclude: no"


def test_patterns_as_words() -> None:
    assert words(r"*.o a\ b !k \ ", escaped=True) == (b"*.o", rb"a\ b", b"!k", rb"\ ")
    for paths in ((b"/a b", rb"/c\d"), (b"/\xff",), ()):
        assert words(typed(paths)) == paths
    patterns = (b"a b", rb"\#c", rb"d\ e")
    assert words(typed(patterns, escaped=True), escaped=True) == (rb"a\ b", *patterns[1:])
