"""Every key on every screen and dialog does what its place says (`key_places`)."""

from __future__ import annotations

import importlib
import pkgutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from key_places import PLACES, Case, Ground, Place, Seen, handle
from textual.actions import parse
from textual.binding import ActiveBinding, Binding
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import HelpPanel, OptionList

import usenetsync_tui.tui
from usenetsync_tui.model.lists.files import FileFilter, FileOrder
from usenetsync_tui.tui.app import UsenetSyncApp
from usenetsync_tui.tui.commands.command_line import CommandLine
from usenetsync_tui.tui.exits import ScreenExit
from usenetsync_tui.tui.files.files_table import FilesTable
from usenetsync_tui.tui.files.marks import Marks
from usenetsync_tui.tui.keymap import every_binding
from usenetsync_tui.tui.kit.action import DO
from usenetsync_tui.tui.kit.choosing_view import ChoosingView
from usenetsync_tui.tui.kit.lines_view import LinesView
from usenetsync_tui.tui.kit.options import OptionRow
from usenetsync_tui.tui.kit.paged_table import PagedTable
from usenetsync_tui.tui.kit.question import Ask, Choice
from usenetsync_tui.tui.panes.folders_pane import FoldersPane
from usenetsync_tui.tui.screens.article_screen import FieldsView
from usenetsync_tui.tui.themes import DARK

WAIT = 60.0
"""Seconds for what a key does."""


def _actions(binding: Binding) -> list[str]:
    """The ids that need a case: of its actions if it has several, else its own."""
    _, name, parameters = parse(binding.action)
    ids = str(parameters[0]).split() if name == DO else []
    return ids if len(ids) > 1 else [str(binding.id)]


def test_every_binding_has_a_case() -> None:
    for module in pkgutil.walk_packages(usenetsync_tui.tui.__path__, "usenetsync_tui.tui."):
        importlib.import_module(module.name)
    wanted = {each for binding in every_binding().values() for each in _actions(binding)}
    cases = [each for place in PLACES.values() for each in place.cases]
    assert set(cases) == wanted, "tests/support/key_places.py"


class Runner:
    """Goes through places in one application."""

    def __init__(self, pilot: Pilot[ScreenExit], ground: Ground) -> None:
        self.pilot = pilot
        self.ground = ground
        self.app = ground.app
        self.start = ground.handle.now
        self._changed = False

    async def until(self, condition: Seen, what: Callable[[], str]) -> None:
        deadline = time.monotonic() + WAIT
        while not condition(self.ground):
            assert time.monotonic() < deadline, what()
            await self.pilot.pause(0.005)

    async def go(self, name: str, place: Place) -> None:
        """Open a place, compare its keys with the table, and press each."""
        await self.arrive(name, place)
        keys = self.keys()
        tested = {self.binding_of(each, keys) for each in place.cases}
        assert set(keys) <= tested | place.also, f"{name}: {set(keys) - tested - place.also}"
        for each, case in place.cases.items():
            if not await self.is_back():
                await self.arrive(name, place)
            # Moving keys begin in the middle.
            await self._tidy(3 if f"{each.partition('.')[0]}.page_up" in place.cases else 0)
            case = case if isinstance(case, Case) else Case(case)
            await self.press(f"{name}: {each}", each, case)

    def keys(self) -> Mapping[str, dict[str, ActiveBinding]]:
        """By the id of each of our bindings that is reachable here: its keys."""
        ours, found = every_binding(), dict[str, dict[str, ActiveBinding]]()
        for key, active in Screen.active_bindings.fget(self.app.screen).items():  # type: ignore[attr-defined]
            if active.binding.id in ours:
                found.setdefault(active.binding.id, {})[key] = active
        return found

    def binding_of(self, case: str, keys: Mapping[str, dict[str, ActiveBinding]]) -> str:
        """The id of the binding that a case is about; the case itself if its key yields now."""
        for binding, actives in keys.items():
            if case == binding or case in _actions(next(iter(actives.values())).binding):
                return binding
        return case

    async def press(self, what: str, each: str, case: Case) -> None:
        g = self.ground
        if case.change is not None:
            self._changed = True
            g.handle.now = case.change(g.handle.now)
            self.app.look()
            await self.pilot.pause()
        if case.before:
            await self.pilot.press(*case.before)
        keys = self.keys()
        binding = self.binding_of(each, keys)
        assert binding in keys, f"{what}: no key does it"
        key = next(iter(keys[binding]))
        same = {(other.node, other.binding.action) for other in keys[binding].values()}
        assert len(same) == 1, f"{what}: its keys {list(keys[binding])} do not do the same"
        assert key in self.app.screen.active_bindings, f"{what}: {key} is not offered"
        g.handle.commands.clear()
        g.opened.clear()
        self.app.clear_notifications()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(self.app, "push_screen", lambda screen, *then: g.opened.append(screen))
            await self.pilot.press(key)
            await self.until(
                case.seen, lambda: f"{what}: {key}: {g.handle.commands} {g.toasts} {g.at}"
            )

    async def is_back(self) -> bool:
        """Whether the place is as it was once it has the focus again."""
        focus, over = self.ground.focus, (CommandLine, HelpPanel)
        if self._changed or not focus.is_attached or focus.screen is not self.app.screen:
            return False
        if any(self.app.screen.query(each) for each in over):
            return False
        focus.focus()
        await self.pilot.pause()
        return focus.has_focus

    async def arrive(self, name: str, place: Place) -> None:
        """Back to the dashboard as it was, then to the place."""
        g = self.ground
        while len(self.app.screen_stack) > 2:
            await self.app.pop_screen()
        for widget in (*self.app.screen.query(CommandLine), *self.app.screen.query(HelpPanel)):
            await widget.remove()
        self.app.theme = DARK.name
        g.handle.now, self._changed = self.start, False
        self.app.look()
        self.app.screen.go_to_pane("folders")  # type: ignore[attr-defined]
        if callable(place.open):
            await self.app.push_screen(place.open(g))
        else:
            await self.pilot.press(*place.open)
        await self.pilot.pause()
        self.app.look()

        def there(g: Ground) -> bool:
            g.focus = self.app.focused or g.focus
            return place.here(g)

        await self.until(there, lambda: f"{name} was not reached")
        await self.pilot.press(*place.then)
        assert self.app.focused is not None
        g.focus = self.app.focused

    async def _tidy(self, row: int) -> None:
        """The place as it was before the last case, with its cursor on a row."""
        focus = self.ground.focus
        match focus:
            case FilesTable():
                focus.put_marks(Marks())
                focus.filter_by(FileFilter())
                focus.sort_by(FileOrder.PATH)
                if focus._tree is not None:
                    focus.turn_tree()
                await self.until(lambda _: focus.pages.exact, lambda: "the list is not read")
                focus.go_to(row)
            case FoldersPane():
                focus.unmark_all()
                focus.choose(1)
            case PagedTable() | ChoosingView():
                focus.go_to(row)
            case LinesView() | FieldsView():
                focus.scroll_to(y=row, animate=False)
            case OptionList() if focus.option_count:
                focus.highlighted = row
            case OptionRow():
                focus.go_to(0)


@pytest.mark.anyio
async def test_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Only a test looks: a slow machine would look again and again.
    monkeypatch.setattr("usenetsync_tui.tui.app.LOOKS_PER_SECOND", 0.001)
    # Nobody looks at the screen: a third of the time goes into drawing it.
    monkeypatch.setattr("textual._compositor.Compositor.render_update", lambda *args, **how: None)
    engine = handle()
    app = UsenetSyncApp(engine)
    async with app.run_test(size=(60, 15), notifications=True) as pilot:
        runner = Runner(pilot, Ground(app, engine, tmp_path))
        for name, place in PLACES.items():
            await runner.go(name, place)


def test_a_letter_of_a_question_means_one_thing() -> None:
    for letters in ("yy", "yk"):
        with pytest.raises(ValueError, match="one letter"):
            Ask("Which?", [Choice(letter, "", "", letter) for letter in letters])
