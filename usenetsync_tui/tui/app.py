"""The application: one screen over an engine it knows only by its handle.

Looks at the handle's status a few times a second; sends commands; never waits for it.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence
from typing import ClassVar

from textual.app import App
from textual.binding import Binding, BindingType
from textual.driver import Driver
from textual.filter import LineFilter

from usenetsync_tui.locations import styles_folder
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.ports import EngineHandle
from usenetsync_tui.model.status import EngineState, EngineStatus
from usenetsync_tui.tui.ask import Ask, Choice
from usenetsync_tui.tui.clean_lines import CleanLines
from usenetsync_tui.tui.dashboard import Dashboard
from usenetsync_tui.tui.exits import ExitReason, ScreenExit
from usenetsync_tui.tui.themes import DARK, LIGHT, TOGGLED

LOOKS_PER_SECOND = 4

_QUITTING = (
    Choice("d", "Drain and quit", "finish what is in flight, then stop", "drain"),
    Choice("n", "Quit now", "stop at once; the work resumes later", "leave"),
    Choice("s", "Stay", "go on", "stay"),
)


class UsenetSyncApp(App[ScreenExit]):
    """Shows one engine."""

    TITLE = "usenetsync"
    ENABLE_COMMAND_PALETTE = False
    BINDING_GROUP_TITLE = "Everywhere"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "q,ctrl+q",
            "quit",
            "Quit",
            key_display="q",
            id="app.quit",
            tooltip="asks while a job runs",
        ),
        Binding("question_mark", "toggle_help", "Help", key_display="?", id="app.help"),
        Binding("T", "toggle_theme", "Theme", id="app.theme", tooltip="dark or light"),
    ]

    def __init__(self, handle: EngineHandle, *, ascii_only: bool = False) -> None:
        """`ascii_only`: the terminal's encoding carries nothing else."""
        no_color = "NO_COLOR" in os.environ
        self._clean_lines = CleanLines(ascii_only=ascii_only)
        super().__init__(
            css_path=styles_folder() / "usenetsync.tcss", ansi_color=True if no_color else None
        )
        self.handle = handle
        self._loop_to_end: asyncio.AbstractEventLoop | None = None
        self._signum = 0
        self._seen: EngineStatus | None = None
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        if no_color:
            self.theme = "ansi-dark"
        elif "TEXTUAL_THEME" not in os.environ:
            self.theme = DARK.name

    def get_driver_class(self) -> type[Driver]:
        """Textual's choice, unless it is the plain one: that gets an unbreakable link."""
        chosen = super().get_driver_class()
        if chosen.__name__ != "LinuxDriver":
            return chosen
        from usenetsync_tui.tui.terminal import TerminalDriver

        return TerminalDriver

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's filters, then ours as the last before the terminal."""
        return [*super().get_line_filters(), self._clean_lines]

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our variables for themes that are not ours."""
        if self.native_ansi_color:
            ansi = dict.fromkeys(("ink-muted", "ink-track", "frame"), "ansi_bright_black")
            return {**ansi, "frame-focus": "ansi_blue", "cursor": "ansi_default"}
        names = ("ink-muted", "ink-track", "frame", "frame-focus", "cursor")
        theme = DARK if self.current_theme.dark else LIGHT
        return {name: theme.variables[name] for name in names}

    async def on_mount(self) -> None:
        """Show the screen and begin to look."""
        self._loop_to_end = asyncio.get_running_loop()
        await self.push_screen(Dashboard(self.handle))
        self.look()
        self.set_interval(1 / LOOKS_PER_SECOND, self.look, name="look at the engine")
        if self._signum:
            self.end_on_signal(self._signum)

    def look(self) -> None:
        """Show the latest status if it is another one."""
        status = self.handle.status
        if status is self._seen:
            return
        self._seen = status
        for screen in self.screen_stack:
            if isinstance(screen, Dashboard):
                screen.show(status)

    def end_on_signal(self, signum: int) -> None:
        """End the screen; callable from a signal handler and from any thread."""
        self._signum = signum
        loop = self._loop_to_end
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(
                self.exit, ScreenExit(ExitReason.SIGNALLED, signal.Signals(signum))
            )

    async def action_quit(self) -> None:
        """Quit; with work under way ask how."""
        if isinstance(self.screen, Ask):
            return
        if not _is_working(self.handle.status):
            self.exit(ScreenExit(ExitReason.DRAIN))
            return
        self.push_screen(Ask("A job is running.", _QUITTING), self._quit)

    def action_help_quit(self) -> None:
        """Ctrl+C means what `q` means."""
        self.run_worker(self.action_quit(), name="quit")

    def _quit(self, choice: str | None) -> None:
        if choice == "drain":
            self.exit(ScreenExit(ExitReason.DRAIN))
        elif choice == "leave":
            self.exit(ScreenExit(ExitReason.LEAVE))

    def action_toggle_theme(self) -> None:
        """Dark to light and back."""
        self.theme = TOGGLED.get(self.theme, DARK.name)

    def action_toggle_help(self) -> None:
        """Show or hide the keys of the focused pane."""
        if self.screen.query("HelpPanel"):
            self.action_hide_help_panel()
        else:
            self.action_show_help_panel()


def _is_working(status: EngineStatus) -> bool:
    busy = any(job.state is JobState.RUNNING for job in status.jobs)
    return busy and status.state in (EngineState.RUNNING, EngineState.DRAINING)
