"""Accepted pictures of the screen in each state, at two sizes.

After an intended change: `pytest tests/tui/test_pictures.py --snapshot-update`, then look at the
pictures in `snapshots/`.
"""

from __future__ import annotations

import dataclasses
import io
import sys
import time
from collections.abc import Callable

import pytest
from textual.pilot import Pilot
from textual.widgets import Input
from tui_demo import (
    STATES,
    STRING,
    FakeBrowser,
    FakeHandle,
    attached,
    ended,
    errands,
    examined,
    followed,
    held,
    lost,
    plain,
    taken_over,
    unseen,
    with_history,
)

from usenetsync_tui.model.commands.folders import PreviewFilters
from usenetsync_tui.model.commands.versions import PreviewRestore
from usenetsync_tui.model.dry_runs import DryRunRow, DryRunTotals, Preview
from usenetsync_tui.model.filters import Rule
from usenetsync_tui.model.lists.files import FileFilter, FileOrder
from usenetsync_tui.model.lists.filter_words import parse_filter
from usenetsync_tui.model.restores.plans import (
    MOST_SHOWN,
    Fate,
    FateCount,
    PlannedPath,
    PlanTotals,
    RestorePreview,
)
from usenetsync_tui.model.status.engine import EngineStatus
from usenetsync_tui.model.versions.changes import Change
from usenetsync_tui.tui.app import UsenetSyncApp
from usenetsync_tui.tui.dashboard import Dashboard
from usenetsync_tui.tui.exits import ScreenExit
from usenetsync_tui.tui.files.files_pane import FilterInput
from usenetsync_tui.tui.files.files_table import FilesTable
from usenetsync_tui.tui.kit.paged_table import PagedTable

SMALL, LARGE = (80, 24), (140, 45)
SIZES = (SMALL, LARGE)
Compare = Callable[..., bool]


@pytest.fixture(autouse=True)
def _one_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same clock, home and folders in every picture."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.setenv("HOME", "/usr")
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("COLORTERM", "TMUX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "__stderr__", io.TextIOWrapper(io.BytesIO(), "utf-8"))
    # The fake job never moves: on a slow machine a picture takes longer than a job needs to stall.
    monkeypatch.setattr("usenetsync_tui.tui.panes.stalls.STALLED_AFTER", 3600.0)
    monkeypatch.chdir("/")


def _id(size: object) -> str:
    return f"{size[0]}x{size[1]}" if isinstance(size, tuple) else str(size)


def picture_of(
    handle: FakeHandle,
    compare: Compare,
    size: tuple[int, int],
    *keys: str,
    theme: str = "",
    few_colors: bool = False,
    then: Callable[[EngineStatus], EngineStatus] | None = None,
) -> bool:
    """Show a handle, press keys once the lists are loaded, compare.

    `then`: what the status becomes in the end.
    """

    async def settle(pilot: Pilot[ScreenExit]) -> None:
        await _read(pilot, handle)
        for key in keys:
            await pilot.press(key)
            await _read(pilot, handle)
        if then is not None:
            handle.now = then(handle.now)
        await _still(pilot)

    app = UsenetSyncApp(handle, theme=theme, few_colors=few_colors)
    return compare(app, terminal_size=size, run_before=settle)


async def _still(pilot: Pilot[ScreenExit]) -> None:
    """Wait until nothing changes any more: some panes draw twice a second, a filter is delayed."""
    for line in pilot.app.screen.query(Input):
        line.cursor_blink = False
    deadline, before = time.monotonic() + 60, ""
    while (now := pilot.app.export_screenshot()) != before or _is_searching(pilot):
        assert time.monotonic() < deadline, "the picture keeps changing"
        before = now
        await pilot.pause(0.7)


def _is_searching(pilot: Pilot[ScreenExit]) -> bool:
    """Whether the list does not show the typed filter yet, or is not completely counted."""
    screen = pilot.app.screen
    if not isinstance(screen, Dashboard):
        return False
    table = screen.query_one(FilesTable)
    if table.current_query is None:
        return False
    late = _typed(screen) not in (None, table.wanted)
    return late or (bool(table.wanted) and not _counted(table))


def _counted(table: FilesTable) -> bool:
    return table.pages.counted or table.pages.exact


async def _read(pilot: Pilot[ScreenExit], handle: FakeHandle) -> None:
    """Wait until every list on top is loaded: it has its rows, or none."""
    deadline = time.monotonic() + 60

    def waiting() -> bool:
        screen = pilot.app.screen
        if isinstance(screen, Dashboard):
            table = screen.query_one(FilesTable)
            browser = handle.browser
            count = browser.count if isinstance(browser, FakeBrowser) else 0
            query = table.current_query
            if query is not None and _typed(screen) not in (None, table.wanted):
                return True  # It waits for the next letter.
            if query is not None and query.is_tree:
                return not table.pages.loaded
            by_path = query is None or (not query.filter and query.order is FileOrder.PATH)
            return table.row_count != count if by_path else not _counted(table)
        tables = screen.query(PagedTable)
        return any(not table.pages.loaded for table in tables)

    await pilot.pause(0.05)
    while waiting():
        assert time.monotonic() < deadline, "the list was not read"
        await pilot.pause(0.02)


def _typed(screen: Dashboard) -> FileFilter | None:
    """The typed filter, or None while it is not valid."""
    try:
        return parse_filter(screen.query_one(FilterInput).value)
    except ValueError:
        return None


@pytest.mark.parametrize("size", SIZES, ids=_id)
@pytest.mark.parametrize("state", STATES)
def test_state(state: str, size: tuple[int, int], snap_compare: Compare) -> None:
    # When only one pane is shown, the folders pane tells the states apart.
    keys = ("1",) if size == SMALL and state not in ("hostile", "empty") else ()
    assert picture_of(STATES[state](), snap_compare, size, *keys)


@pytest.mark.parametrize("size", SIZES, ids=_id)
@pytest.mark.parametrize("pane", ["2", "3", "4", "5", "6", "7"])
def test_pane(pane: str, size: tuple[int, int], snap_compare: Compare) -> None:
    state = "servers" if pane == "6" else "running"
    keys = (pane, "enter") if pane in ("4", "6") else (pane,)
    assert picture_of(STATES[state](), snap_compare, size, *keys)


@pytest.mark.parametrize("size", SIZES, ids=_id)
@pytest.mark.parametrize("pane", ["3", "4", "5"])
def test_hostile_pane(pane: str, size: tuple[int, int], snap_compare: Compare) -> None:
    assert picture_of(STATES["hostile"](), snap_compare, size, pane)


@pytest.mark.parametrize("size", SIZES, ids=_id)
@pytest.mark.parametrize("state", ["running", "servers", "failed"])
def test_light(state: str, size: tuple[int, int], snap_compare: Compare) -> None:
    assert picture_of(STATES[state](), snap_compare, size, "1", theme="usenetsync-light")


@pytest.mark.parametrize("size", SIZES, ids=_id)
def test_nord_in_256_colors(
    size: tuple[int, int], snap_compare: Compare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("textual.constants.COLOR_SYSTEM", "256")
    assert picture_of(STATES["servers"](), snap_compare, size, "1", theme="nord")


@pytest.mark.parametrize("size", SIZES, ids=_id)
def test_sixteen_colors(size: tuple[int, int], snap_compare: Compare) -> None:
    assert picture_of(STATES["servers"](), snap_compare, size, "6", few_colors=True)


DIALOGS = {
    "quit": ("q",),
    "cancel": ("1", "x"),
    "help": ("question_mark",),
    "command": ("colon", *"limit 25M"),
    "palette": ("ctrl+p",),
    "add": ("1", "a"),
    "restore": ("1", "r"),
    "choices": ("1", "O"),
    "choices-plain": ("1", "O", "down", "right", *["down"] * 7, "right"),
    "verify": ("1", "V"),
    "bandwidth": ("b",),
    "workers": ("w",),
    "server": ("6", "a"),
    "server-more": ("6", "a", *["down"] * 7, "right", *["down"] * 6),
    "add-plain": ("1", "a", *["shift+tab"] * 6, "right"),
    "filter": ("2", "slash", *"IMG_00 is:failed"),
    "folders-marked": ("1", "A"),
    "tree": ("2", "t", "backspace", "j", "space"),
    "glob": ("2", "slash", *"is:failed img_*"),
    "restore-marks": ("2", "space", "space", "space", "space", "r"),
    "marks": ("2", "space", "space", "j", "space"),
    "all-marked": ("2", "slash", *"is:failed", "enter", "A"),
    "columns": ("2", "c", "c", "j"),
    "filters": ("1", "E", *"*.o build/"),
    "by-size": ("2", "s"),
}


@pytest.mark.parametrize("size", SIZES, ids=_id)
@pytest.mark.parametrize("dialog", DIALOGS)
def test_dialog(dialog: str, size: tuple[int, int], snap_compare: Compare) -> None:
    assert picture_of(STATES["servers"](), snap_compare, size, *DIALOGS[dialog])


@pytest.mark.parametrize("size", SIZES, ids=_id)
def test_excluded(size: tuple[int, int], snap_compare: Compare) -> None:
    handle = STATES["servers"]()

    def excluded(status: EngineStatus) -> EngineStatus:
        asked = handle.commands[-1]
        assert isinstance(asked, PreviewFilters)
        rules = (Rule("build/", "--exclude"), Rule("*.o", "src/.usenetsyncignore:3"))
        paths = (b"build/", b"src/main.o", b"src/caf\xe9.o", b"src/deep/er/parts/of/it.o")
        rows = [
            *(
                DryRunRow(Change.EXCLUDED, path, None, 0, rule=rules[b"." in path])
                for path in paths
            ),
            DryRunRow(Change.REMOVED, b"src/old.o", 0, 9_000, rule=rules[1]),
        ]
        totals = DryRunTotals(12, 3, 1, 4, 3_000_000, to_post=48_000_000)
        found = Preview(1, asked.folder_id, asked.filters, totals, tuple(rows), over=True)
        return dataclasses.replace(status, preview=found)

    keys = ("1", "E", *"*.o build/", "ctrl+r")
    assert picture_of(handle, snap_compare, size, *keys, then=excluded)


PLANNED = (
    PlannedPath(Fate.FAIL, b"2024/Urlaub", 0, 12_000, "a directory is in the way"),
    PlannedPath(Fate.FAIL, b"2024/raw/IMG_48211.CR3", 0, 20_100_000, "never posted"),
    PlannedPath(Fate.DELETE, b"2023/draft\xff.txt", 0, 4_096, ""),
    PlannedPath(Fate.DELETE, b"2023/old previews/IMG_00017.jpg", 0, 812_000, ""),
    PlannedPath(Fate.DELETE, b"2023/old previews/", 1, 0, ""),
    PlannedPath(Fate.OVERWRITE, b"2024/album.txt", 0, 1_204, "other content"),
    PlannedPath(Fate.OVERWRITE, b"2024/cover.jpg", 0, 2_400_000, "other size"),
    PlannedPath(Fate.OVERWRITE, b"2024/current", 2, 0, "other target"),
    PlannedPath(Fate.OVERWRITE, b"notes", 0, 7_300, "now a symlink"),
    *(
        PlannedPath(
            Fate.CREATE, b"1998/Urlaub \xe6\x97\xa5\xe6\x9c\xac/IMG_%05d.CR3" % n, 0, n * 431, ""
        )
        for n in range(48_211, 48_211 + MOST_SHOWN - 9)
    ),
)


@pytest.mark.parametrize("size", SIZES, ids=_id)
def test_plan(size: tuple[int, int], snap_compare: Compare) -> None:
    handle = STATES["servers"]()

    def found(status: EngineStatus) -> EngineStatus:
        asked = handle.commands[-1]
        assert isinstance(asked, PreviewRestore)
        totals = PlanTotals(
            create=FateCount(3_006_112, 2_210_000_000_000),
            overwrite=FateCount(4, 2_408_504),
            keep=FateCount(1_204, 18_400_000_000),
            delete=FateCount(3, 816_096),
            fail=FateCount(2, 20_112_000),
        )
        problem = "2023/locked is not deleted: Permission denied"
        plan = RestorePreview(1, asked.restore, 0, totals, PLANNED, (problem,), over=True)
        return dataclasses.replace(status, restore_preview=plan)

    keys = ("1", "colon", *"restore /mnt/back --delete", "enter", "ctrl+s")
    assert picture_of(handle, snap_compare, size, *keys, then=found)


KEEPING = {
    "rules": ("1", "C", "tab", "3", "tab", "tab", "7"),
    "forget": ("1", "enter", "j", "X", "end", *",3-5", "ctrl+r"),
}


@pytest.mark.parametrize("size", SIZES, ids=_id)
@pytest.mark.parametrize("form", KEEPING)
def test_keeping(form: str, size: tuple[int, int], snap_compare: Compare) -> None:
    handle = STATES["running"]()
    browser = handle.browser
    assert isinstance(browser, FakeBrowser)
    said = {2: (True, ()), 9: (True, ("release", "1.4")), 11: (False, ("before the move",))}
    browser.version_list = tuple(
        dataclasses.replace(each, protected=protected, tags=tags)
        for each in browser.version_list
        for protected, tags in [said.get(each.version, (False, ()))]
    )
    assert picture_of(handle, snap_compare, size, *KEEPING[form])


@pytest.mark.parametrize("size", SIZES, ids=_id)
def test_nzb(size: tuple[int, int], snap_compare: Compare) -> None:
    keys = ("1", "N", "shift+tab", "shift+tab", "right")
    assert picture_of(plain(), snap_compare, size, *keys)


@pytest.mark.parametrize("size", SIZES, ids=_id)
def test_refused_upload(size: tuple[int, int], snap_compare: Compare) -> None:
    assert picture_of(STATES["refused"](), snap_compare, size, "1", "G", "R")


SHARE = {
    "adopt": ("1", "B", *"usen etsy nc1p qqqq", "enter", "enter", "tab", "enter"),
    "restore-string": ("1", "W", *STRING, "ctrl+l", "tab", "tab", "right"),
    "restoring-string": ("1", "W", *STRING, *("tab",) * 5, *"/mnt/back", "ctrl+s"),
    "reminder": ("1",),
    "string": ("1", "K"),
    "passphrase": ("1", "K", "p", *"correct horse", "enter", *"correct horse", "enter", "enter"),
}


@pytest.mark.parametrize("size", SIZES, ids=_id)
@pytest.mark.parametrize("what", SHARE)
def test_share(what: str, size: tuple[int, int], snap_compare: Compare) -> None:
    assert picture_of(unseen(), snap_compare, size, *SHARE[what])


DEEPER = {
    "versions": ("1", "enter"),
    "changes": ("1", "enter", "d"),
    "files": ("1", "enter", "j", "enter"),
    "articles": ("2", "j", "j", "enter"),
    "article": ("2", "j", "j", "enter", "j", "enter"),
    "file-history": ("2", "j", "j", "i"),
    "find": ("colon", *"find IMG", "enter"),
    "sizes": ("1", "z"),
}


@pytest.mark.parametrize("size", SIZES, ids=_id)
@pytest.mark.parametrize("screen", DEEPER)
def test_deeper(screen: str, size: tuple[int, int], snap_compare: Compare) -> None:
    assert picture_of(STATES["running"](), snap_compare, size, *DEEPER[screen])


@pytest.mark.parametrize("size", SIZES, ids=_id)
def test_doctor_while_a_server_is_waited_for(size: tuple[int, int], snap_compare: Compare) -> None:
    assert picture_of(examined(), snap_compare, size, "D")


HISTORY = {"history": ("1", "h", "j"), "notices": ("1", "h", "j", "enter")}


@pytest.mark.parametrize("size", SIZES, ids=_id)
@pytest.mark.parametrize("screen", HISTORY)
def test_history(screen: str, size: tuple[int, int], snap_compare: Compare) -> None:
    assert picture_of(with_history(), snap_compare, size, *HISTORY[screen])


@pytest.mark.parametrize("size", [(60, 15), *SIZES], ids=_id)
def test_errands(size: tuple[int, int], snap_compare: Compare) -> None:
    assert picture_of(errands(), snap_compare, size, "1")


WINDOWS: dict[str, tuple[Callable[[], FakeHandle], Callable[[EngineStatus], EngineStatus] | None]]
WINDOWS = {
    "attached": (attached, None),
    "lost": (attached, lost),
    "taken-over": (attached, taken_over),
    "held": (held, None),
    "ended": (STATES["running"], ended),
}


@pytest.mark.parametrize("size", SIZES, ids=_id)
@pytest.mark.parametrize("state", WINDOWS)
def test_windows(
    state: str, size: tuple[int, int], snap_compare: Compare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("usenetsync_tui.tui.app._LONG", 3600.0)  # a toast that stays
    handle, then = WINDOWS[state]
    keys = ("1",) if state != "held" else ()
    assert picture_of(handle(), snap_compare, size, *keys, then=then)


@pytest.mark.parametrize("size", SIZES, ids=_id)
def test_quit_with_other_windows(size: tuple[int, int], snap_compare: Compare) -> None:
    assert picture_of(followed(), snap_compare, size, "q")


def test_tiny(snap_compare: Compare) -> None:
    assert picture_of(STATES["running"](), snap_compare, (50, 12))
