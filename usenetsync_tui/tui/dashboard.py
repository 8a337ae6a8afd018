"""The first screen: status above, panes below.

A wide terminal shows folders, files and one of the lower panes; a narrow one shows one pane at a
time; a tiny one only a request for more room (`panes.pane_layout`). `actions` knows what keys do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.events import DescendantFocus, Resize
from textual.widgets import Static

from usenetsync_tui.model.commands.servers import AddServer
from usenetsync_tui.model.ports.browser import Browser
from usenetsync_tui.model.ports.engine import EngineHandle
from usenetsync_tui.model.servers.servers import Server
from usenetsync_tui.model.status.engine import EngineState, EngineStatus
from usenetsync_tui.model.status.folders import FolderStatus
from usenetsync_tui.model.status.jobs import JobStatus
from usenetsync_tui.tui.actions.context import AtHand
from usenetsync_tui.tui.actions.job_actions import ask_to_allow
from usenetsync_tui.tui.actions.registry import FIRST_SCREEN
from usenetsync_tui.tui.commands.action_screen import ActionScreen
from usenetsync_tui.tui.dialogs.first_run import FirstRun
from usenetsync_tui.tui.dialogs.resume_dialog import HeldWatch, ResumeDialog, commands_for
from usenetsync_tui.tui.dialogs.server_form import ServerForm
from usenetsync_tui.tui.dialogs.shrink_dialog import RefusalWatch
from usenetsync_tui.tui.files.files_pane import FilesPane
from usenetsync_tui.tui.files.files_table import FilesTable
from usenetsync_tui.tui.kit.action import bindings
from usenetsync_tui.tui.kit.key_bar import KeyBar
from usenetsync_tui.tui.kit.lines_view import LinesView
from usenetsync_tui.tui.kit.version_words import version_shown
from usenetsync_tui.tui.panes.database_pane import DatabasePane
from usenetsync_tui.tui.panes.errors_pane import ErrorsPane
from usenetsync_tui.tui.panes.folders_pane import FoldersPane
from usenetsync_tui.tui.panes.log_pane import LogPane
from usenetsync_tui.tui.panes.pane_layout import PaneLayout
from usenetsync_tui.tui.panes.pane_order import PANES
from usenetsync_tui.tui.panes.pane_tabs import PaneTabs
from usenetsync_tui.tui.panes.servers_pane import ServersPane
from usenetsync_tui.tui.panes.status_line import banner_lines, status_lines
from usenetsync_tui.tui.panes.throughput import Throughput
from usenetsync_tui.tui.panes.workers_pane import WorkersPane
from usenetsync_tui.tui.screens.versions_screen import VersionsScreen


class Dashboard(ActionScreen, inherit_bindings=False):
    """Lays out the panes, passes every status to them, and names what keys act on."""

    AUTO_FOCUS = "#files"
    BINDING_GROUP_TITLE = "Screen"
    BINDINGS: ClassVar[list[BindingType]] = bindings(FIRST_SCREEN)

    def __init__(self, handle: EngineHandle) -> None:
        super().__init__()
        self.handle = handle
        self._panes = PaneLayout(self)
        self._folders = FoldersPane(id="folders")
        self._files = FilesPane()
        self._first_run_offered = False
        self._refusals = RefusalWatch()
        self._held = HeldWatch()

    def compose(self) -> ComposeResult:
        self._panes.begin(self.app.size)
        for bar in (
            LinesView(status_lines, id="status"),
            LinesView(banner_lines, id="banner"),
            PaneTabs(lambda: self._panes.shown, self._panes.count),
        ):
            bar.can_focus = False
            yield bar
        yield Throughput(id="throughput")
        with Horizontal(id="work"):
            yield self._folders
            yield self._files
        for pane in (
            WorkersPane(id="workers"),
            ErrorsPane(id="errors"),
            LogPane(id="log"),
            ServersPane(id="servers"),
            DatabasePane(id="database"),
        ):
            # A class of a mounted widget would match every style rule once more.
            yield pane.add_class("lower", update=False)
        yield Static("Enlarge the terminal to 60×15 or more.", markup=False, id="enlarge")
        yield KeyBar()

    def on_mount(self) -> None:
        """Display the panes that fit, and focus the file list."""
        self._panes.arrange()
        self._files.table.focus()

    # What actions act on

    @property
    def browser(self) -> Browser | None:
        """The engine's browser; None before the catalogue is open."""
        return self.handle.browser

    @property
    def chosen(self) -> FolderStatus | None:
        """The folder whose files the dashboard lists."""
        return self._folders.chosen

    @property
    def meant(self) -> Sequence[FolderStatus]:
        """The marked folders, else the chosen one."""
        chosen = self.chosen
        return self._folders.marked or ((chosen,) if chosen is not None else ())

    @property
    def at_hand(self) -> AtHand:
        """The file under the cursor if the list has the focus, else the whole folder."""
        table = self._files.table
        return AtHand(path=table.path_at_hand, marked=table.marked) if table.has_focus else AtHand()

    @property
    def files(self) -> FilesTable | None:
        """The list of the chosen folder's files."""
        return self._files.table

    @property
    def has_panes(self) -> bool:
        """True: the dashboard has panes to switch between."""
        return True

    # Statuses

    def show(self, status: EngineStatus) -> None:
        """Pass a status to every pane, and ask about newly refused uploads."""
        self.status = status
        browser, chosen = self.handle.browser, self.chosen
        self._panes.show(status)
        self._panes.display("#banner", bool(banner_lines(status, 0, 0)))
        for name in ("status", "banner", "tabs"):
            self.query_one(f"#{name}", LinesView).show(status)
        self._folders.show(status)
        self.query_one(Throughput).show(status, is_stalled=self._folders.is_stalled)
        self.query_one(WorkersPane).show(status)
        self.query_one(LogPane).show(status)
        self.query_one(ServersPane).show(status)
        self.query_one(DatabasePane).show(status, browser)
        self.query_one(ErrorsPane).show(status, chosen, browser)
        self._show_files(status)
        self._offer_first_run(status)
        on_top = self.app.screen is self  # `is_current` is true below a dialog, too
        refused = self._refusals.update(status, may_ask=on_top)
        if refused:
            ask_to_allow(self, refused)
        elif held := self._held.update(status, may_ask=on_top):
            self._ask_to_resume(held)
        super().show(status)

    def _ask_to_resume(self, jobs: Sequence[JobStatus]) -> None:
        def answered(answer: str | None) -> None:
            for command in commands_for(answer, jobs):
                self.want(command, "")

        self.app.push_screen(ResumeDialog(jobs), answered)

    def _show_files(self, status: EngineStatus) -> None:
        chosen, table = self.chosen, self._files.table
        folder = chosen.folder if chosen else None
        version, unfinished = version_shown(chosen)
        table.open(self.handle.browser, folder, version, unfinished=unfinished)
        table.show(status)

    def on_folders_pane_chosen(self, event: FoldersPane.Chosen) -> None:
        """Show the files and errors of the other folder."""
        if self.status is not None:
            self.show(self.status)

    def on_folders_pane_opened(self, event: FoldersPane.Opened) -> None:
        """Open the versions of the folder."""
        self.open_versions()

    def open_versions(self) -> None:
        """Open the versions of the chosen folder, on a deeper screen."""
        browser, chosen = self.browser, self.chosen
        if browser is not None and chosen is not None:
            self.go_down(VersionsScreen(browser, chosen.folder))

    def on_servers_pane_add_server_requested(self, event: ServersPane.AddServerRequested) -> None:
        """Open the form for a new server."""
        taken = [server.name for server in self.status.servers] if self.status else []
        self.ask(ServerForm(taken=taken), self._add_server)

    def _add_server(self, server: Server) -> None:
        self.want(AddServer(server), f"{server.name} added.")

    def _offer_first_run(self, status: EngineStatus) -> None:
        """Open the first run once, if there is no folder yet."""
        if (
            self._first_run_offered
            or status.state is not EngineState.IDLE
            or self.handle.browser is None
        ):
            return
        self._first_run_offered = True
        if not status.folders and not status.read_only and self.app.screen is self:
            servers = [server.name for server in status.servers]
            self.app.push_screen(FirstRun(servers, defaults=status.folder_defaults))

    # Panes

    def on_resize(self, event: Resize) -> None:
        """Display the panes that fit."""
        self._panes.resize(event.size)

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """Display the pane that took the focus."""
        if event.widget.id in PANES:
            self._panes.go_to(event.widget.id)

    def go_to_pane(self, pane: str) -> None:
        """Show a pane and give it the focus."""
        # Display it first: a hidden widget cannot take the focus.
        self._panes.go_to(pane)
        self.query_one(f"#{pane}").focus()

    def on_pane_tabs_clicked(self, event: PaneTabs.Clicked) -> None:
        """Go to the pane whose tab was clicked."""
        self.go_to_pane(event.pane)

    def action_show_pane(self, pane: str) -> None:
        """Go to the pane whose name in the frame was clicked."""
        self.go_to_pane(pane)

    def turn_pane(self, by: int) -> None:
        """Go to the next pane or the one before."""
        self.go_to_pane(self._panes.pane_after(by))
