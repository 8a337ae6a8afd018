"""The one screen: status above, panes below.

Wide terminals show folders, files and one of the lower panes, narrow ones one pane at a time,
tiny ones only ask for room. What keys do is in `actions`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.events import DescendantFocus, Resize
from textual.widgets import Static

from usenetsync_tui.model.commands import AddServer
from usenetsync_tui.model.ports import Browser, EngineHandle
from usenetsync_tui.model.servers import Server
from usenetsync_tui.model.status import EngineState, EngineStatus, FolderStatus
from usenetsync_tui.tui.actions.context import AtHand
from usenetsync_tui.tui.actions.job_actions import ask_to_allow
from usenetsync_tui.tui.actions.registry import FIRST_SCREEN
from usenetsync_tui.tui.commands.action_screen import ActionScreen
from usenetsync_tui.tui.dialogs.first_run import FirstRun
from usenetsync_tui.tui.dialogs.server_form import ServerForm
from usenetsync_tui.tui.dialogs.shrink_dialog import RefusalWatch
from usenetsync_tui.tui.files.files_pane import FilesPane
from usenetsync_tui.tui.files.files_table import FilesTable
from usenetsync_tui.tui.kit.action import bindings
from usenetsync_tui.tui.kit.inks import Line
from usenetsync_tui.tui.kit.key_bar import KeyBar
from usenetsync_tui.tui.kit.lines_view import LinesView
from usenetsync_tui.tui.kit.version_words import version_shown
from usenetsync_tui.tui.panes.database_pane import DatabasePane
from usenetsync_tui.tui.panes.errors_pane import ErrorsPane
from usenetsync_tui.tui.panes.folders_pane import FoldersPane
from usenetsync_tui.tui.panes.log_pane import LogPane
from usenetsync_tui.tui.panes.pane_order import LABELS, LOWER, PANES, UPPER
from usenetsync_tui.tui.panes.servers_pane import ServersPane
from usenetsync_tui.tui.panes.status_line import banner_lines, status_lines
from usenetsync_tui.tui.panes.throughput import Throughput
from usenetsync_tui.tui.panes.workers_pane import WorkersPane
from usenetsync_tui.tui.screens.versions_screen import VersionsScreen

FRAMES = {"files": "files-pane"}
"""Ids of the frames around panes that have one."""
ALL_PANES = (100, 32)
"""Columns and rows from which all panes fit."""
ANY_PANE = (60, 15)
"""Columns and rows below which none does."""


class Dashboard(ActionScreen, inherit_bindings=False):
    """Lays out the panes, hands every status to them, and says what its keys act on."""

    BINDING_GROUP_TITLE = "Screen"
    BINDINGS: ClassVar[list[BindingType]] = bindings(FIRST_SCREEN)

    def __init__(self, handle: EngineHandle) -> None:
        super().__init__()
        self.handle = handle
        self._pane = "files"
        self._lower = "workers"
        self._layout_name = ""
        self._entitled: tuple[bool | str, ...] = ()
        """What the frames of the lower panes say: set anew, a title has all of its pane redrawn."""
        self._led = False
        self._refusals = RefusalWatch()

    def compose(self) -> ComposeResult:
        yield LinesView(status_lines, id="status")
        yield LinesView(banner_lines, id="banner")
        yield LinesView(self._tab_lines, id="tabs")
        yield Throughput(id="throughput")
        with Horizontal(id="work"):
            yield FoldersPane(id="folders")
            yield FilesPane()
        yield WorkersPane(id="workers")
        yield ErrorsPane(id="errors")
        yield LogPane(id="log")
        yield ServersPane(id="servers")
        yield DatabasePane(id="database")
        yield Static("Enlarge the terminal to 60×15 or more.", markup=False, id="enlarge")
        yield KeyBar()

    def on_mount(self) -> None:
        """Bars are no places to be."""
        for name in LOWER:
            self.query_one(f"#{name}").add_class("lower")
        for name in ("status", "banner", "tabs"):
            self.query_one(f"#{name}").can_focus = False
        self.query_one(FilesTable).focus()

    # What actions act on

    @property
    def browser(self) -> Browser | None:
        """The engine's, once the catalogue is open."""
        return self.handle.browser

    @property
    def chosen(self) -> FolderStatus | None:
        """The folder whose files are listed."""
        return self.query_one(FoldersPane).chosen

    @property
    def meant(self) -> Sequence[FolderStatus]:
        """The marked folders, else the chosen one."""
        chosen = self.chosen
        return self.query_one(FoldersPane).marked or ((chosen,) if chosen is not None else ())

    @property
    def at_hand(self) -> AtHand:
        """The file under the cursor where the list has the focus; else the whole folder."""
        table = self.query_one(FilesTable)
        row = table.cursor_row if table.has_focus else None
        return AtHand(path=row.path.rstrip(b"/") if row is not None else b"")

    @property
    def files(self) -> FilesTable | None:
        """Those of the chosen folder."""
        return self.query_one(FilesTable)

    @property
    def has_panes(self) -> bool:
        """Whether there are panes to go to."""
        return True

    # Statuses

    def show(self, status: EngineStatus) -> None:
        """Hand a status to every pane."""
        browser, chosen = self.handle.browser, self.chosen
        self._display("#banner", bool(banner_lines(status, 0, 0)))
        for name in ("status", "banner", "tabs"):
            self.query_one(f"#{name}", LinesView).show(status)
        self.query_one(Throughput).show(status)
        self.query_one(FoldersPane).show(status)
        self.query_one(WorkersPane).show(status)
        self.query_one(LogPane).show(status)
        self.query_one(ServersPane).show(status)
        self.query_one(DatabasePane).show(status, browser)
        self.query_one(ErrorsPane).show(status, chosen, browser)
        self._show_files(status)
        self._entitle()
        self._lead(status)
        on_top = self.app.screen is self  # `is_current` is true below a dialog, too
        refused = self._refusals.look(status, may_ask=on_top)
        if refused:
            ask_to_allow(self, refused)
        super().show(status)

    def _show_files(self, status: EngineStatus) -> None:
        chosen, table = self.chosen, self.query_one(FilesTable)
        folder = chosen.folder if chosen else None
        version, unfinished = version_shown(chosen)
        table.open(self.handle.browser, folder, version, unfinished=unfinished)
        table.show(status)

    def on_folders_pane_chosen(self, event: FoldersPane.Chosen) -> None:
        """Other files, other errors."""
        if self.status is not None:
            self.show(self.status)

    def on_folders_pane_opened(self, event: FoldersPane.Opened) -> None:
        """The versions of a folder."""
        self.open_versions()

    def open_versions(self) -> None:
        """Go down to the versions of the chosen folder."""
        browser, chosen = self.browser, self.chosen
        if browser is not None and chosen is not None:
            self.go_down(VersionsScreen(browser, chosen.folder))

    def on_servers_pane_add_server_wanted(self, event: ServersPane.AddServerWanted) -> None:
        """A form for a new server."""
        taken = [server.name for server in self.status.servers] if self.status else []
        self.ask(ServerForm(taken=taken), self._add_server)

    def _add_server(self, server: Server) -> None:
        self.want(AddServer(server), f"{server.name} is added.")

    def _lead(self, status: EngineStatus) -> None:
        """Once, when there is nothing yet: by the hand."""
        if self._led or status.state is not EngineState.IDLE or self.handle.browser is None:
            return
        self._led = True
        if not status.folders and not status.read_only and self.app.screen is self:
            self.app.push_screen(FirstRun([server.name for server in status.servers]))

    # Panes

    def _tab_lines(self, status: EngineStatus, width: int, height: int) -> list[Line]:
        line: Line = ()
        for pane in PANES:
            text = f" {self._label(pane)} "
            line = (*line, (text, "accent" if pane == self._pane else "muted"), (" ", "plain"))
        return [line]

    def _label(self, pane: str) -> str:
        count = self._count(pane)
        name = "DB" if pane == "database" and self._layout_name == "compact" else LABELS[pane]
        return f"{PANES.index(pane) + 1} {name}" + (f" {count:,}" if count else "")

    def _count(self, pane: str) -> int:
        if self.status is None:
            return 0
        match pane:
            case "folders":
                return len(self.status.folders)
            case "errors":
                return sum(f.job.errors for f in self.status.folders if f.job)
            case "servers":
                return len(self.status.servers)
        return 0

    def _entitle(self) -> None:
        """The frame of the lower pane names all of them."""
        self.query_one(FoldersPane).title(self._label("folders"))
        compact = self._layout_name == "compact"
        entitled: tuple[bool | str, ...] = (compact, self._lower, *map(self._label, LOWER))
        if entitled == self._entitled:
            return
        self._entitled = entitled
        parts: list[Content] = []
        for pane in LOWER:
            style = "bold $foreground" if pane == self._lower else "$ink-muted not bold"
            parts.append(Content.styled(self._label(pane), style))
        tabs = Content("   ").join(parts)
        for pane in LOWER:
            title = Content(self._label(pane)) if compact else tabs
            self.query_one(f"#{pane}").border_title = title

    def on_resize(self, event: Resize) -> None:
        """Choose between all panes, one pane and none."""
        columns, rows = event.size
        if columns < ANY_PANE[0] or rows < ANY_PANE[1]:
            layout = "tiny"
        elif columns >= ALL_PANES[0] and rows >= ALL_PANES[1]:
            layout = "full"
        else:
            layout = "compact"
        if layout != self._layout_name:
            self._layout_name = layout
            for name in ("tiny", "compact", "full"):
                self.set_class(name == layout, name)
            self._arrange()

    def _arrange(self) -> None:
        """Show what there is room for. Not by classes: those have every style looked up anew."""
        full, compact = self._layout_name == "full", self._layout_name == "compact"
        at = {self._pane} if compact else {*UPPER, self._lower} if full else set()
        for pane in PANES:
            self._display(f"#{FRAMES.get(pane, pane)}", pane in at)
        self._display("#work", bool(at & {*UPPER}))
        self._display("#throughput", full or at == {"folders"})
        self._display("#tabs", compact)
        self._display("#enlarge", not at)
        self._display("#keys", bool(at))
        self.query_one("#tabs", LinesView).recompose_lines()
        self._entitle()

    def _display(self, selector: str, shown: bool) -> None:
        widget = self.query_one(selector)
        if widget.display != shown:
            widget.display = shown

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """The pane with the focus is the one shown where there is room for one."""
        if event.widget.id in PANES:
            self._set_pane(event.widget.id)

    def _set_pane(self, pane: str) -> None:
        if pane == self._pane:
            return
        self._pane = pane
        if pane in LOWER:
            self._lower = pane
        self._arrange()

    def go_to_pane(self, pane: str) -> None:
        """Show a pane and give it the focus."""
        # Shown first: what is not displayed cannot take the focus.
        self._set_pane(pane)
        self.query_one(f"#{pane}").focus()

    def turn_pane(self, by: int) -> None:
        """Go to the next pane or the one before."""
        self.go_to_pane(PANES[(PANES.index(self._pane) + by) % len(PANES)])
