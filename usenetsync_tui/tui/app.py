"""The Textual application: the dashboard of an engine that it knows only by its handle.

Reads the handle's status a few times a second, submits the commands of widgets, and never waits.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Protocol, runtime_checkable

from rich.segment import Segments
from textual.app import App
from textual.binding import BindingType
from textual.driver import Driver
from textual.events import Event, Key, Paste
from textual.filter import LineFilter
from textual.timer import Timer

from usenetsync_tui.locations import styles_folder
from usenetsync_tui.model.commands.command import EXAMINATION_COMMANDS, Command
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.ports.engine import EngineHandle
from usenetsync_tui.model.status.engine import EngineState, EngineStatus
from usenetsync_tui.model.status.jobs import JobStatus
from usenetsync_tui.model.status.tasks import Severity
from usenetsync_tui.model.text.figures import plural
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.windows import Window
from usenetsync_tui.tui.actions.registry import EVERYWHERE
from usenetsync_tui.tui.commands.action_screen import ActionScreen
from usenetsync_tui.tui.commands.palette import Palette
from usenetsync_tui.tui.dashboard import Dashboard
from usenetsync_tui.tui.exits import ExitReason, ScreenExit
from usenetsync_tui.tui.files.files_table import FilesTable
from usenetsync_tui.tui.keymap import unknown_ids
from usenetsync_tui.tui.kit.action import bindings
from usenetsync_tui.tui.kit.beside import run_beside
from usenetsync_tui.tui.kit.command_request import READ_ONLY, CommandRequest
from usenetsync_tui.tui.kit.question import Ask, Choice
from usenetsync_tui.tui.kit.secret_input import typed_secrets
from usenetsync_tui.tui.panes.ended_jobs import EndedJobs, ended_severity, ended_words, rings_bell
from usenetsync_tui.tui.screens.answering import answering
from usenetsync_tui.tui.screens.articles_screen import ArticlesScreen
from usenetsync_tui.tui.screens.doctor_screen import DoctorScreen
from usenetsync_tui.tui.screens.history_screen import HistoryScreen
from usenetsync_tui.tui.terminal.clean_lines import CleanLines
from usenetsync_tui.tui.terminal.keys_in_turn import KeysInTurn
from usenetsync_tui.tui.terminal.palette import PaletteColors
from usenetsync_tui.tui.terminal.parsed_styles import ParsedStyles
from usenetsync_tui.tui.themes import DARK, LIGHT

LOOKS_PER_SECOND = 4
_LOOKS_AT_START = 20
"""The same while the engine starts, so that the folders show as soon as they are known."""
_LONG = 20.0
"""Seconds that the toast of a job's end or of a start-up problem stays; the log keeps both."""
STYLES = ("usenetsync.tcss", "panes.tcss", "lists.tcss", "dialogs.tcss")

_QUITTING = (
    Choice("d", "Drain and quit", "finish what is in flight, then stop", "drain"),
    Choice("n", "Quit now", "stop at once; the work resumes later", "leave"),
    Choice("b", "Keep working", "quit the screen; go on in the background", "background"),
    Choice("s", "Stay", "keep running", "stay"),
)

_STOPS_TOO = "A restore with a recovery string stops; given the string again, it goes on."


@runtime_checkable
class StatusScreen(Protocol):
    """A screen that shows every status."""

    def show(self, status: EngineStatus) -> None:
        """Show this status."""


class UsenetSyncApp(App[ScreenExit]):
    """Shows one engine."""

    TITLE = "usenetsync"
    COMMANDS: ClassVar = {Palette}
    COMMAND_PALETTE_BINDING = "ctrl+p"
    BINDING_GROUP_TITLE = "Everywhere"
    BINDINGS: ClassVar[list[BindingType]] = bindings(EVERYWHERE, on="screen.")

    def __init__(
        self,
        handle: EngineHandle,
        *,
        ascii_only: bool = False,
        few_colors: bool = False,
        keys: Mapping[str, str] | None = None,
        theme: str = "",
        bell_after: int = 0,
        problems: Sequence[str] = (),
        painted: Callable[[], object] = bool,
    ) -> None:
        """`ascii_only`: the terminal's encoding has no other characters. `few_colors`: the terminal
        has sixteen colours, so the application uses a theme of those.

        `keys`: binding id → comma-separated keys, instead of ours. `theme`: its name.
        `bell_after`: the seconds of work from which the end of a job rings the bell; 0: never.
        `problems`: sentences to show at the start; the caller makes names in them safe.
        `painted` is called once the first frame is on its way to the terminal.
        """
        own_colors = few_colors or "NO_COLOR" in os.environ
        self.ascii_only = ascii_only
        """Whether the terminal shows no other characters."""
        self._clean_lines = CleanLines(ascii_only=ascii_only)
        self._palette = PaletteColors()
        super().__init__(
            css_path=[styles_folder() / name for name in STYLES],
            ansi_color=True if own_colors else None,
        )
        self.stylesheet = ParsedStyles()
        self._typed = KeysInTurn(self, super().on_event)
        self._ended = EndedJobs()
        self._bell_after = bell_after
        self.handle = handle
        self._loop_to_end: asyncio.AbstractEventLoop | None = None
        self._signum = 0
        self._holder: Window | None = None
        self._start: Timer | None = None
        self._keys = dict(keys or {})
        self._problems = tuple(problems)
        self._painted = painted
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        if theme in self.available_themes:
            self.theme = theme
        elif own_colors:
            self.theme = "ansi-dark"
        elif "TEXTUAL_THEME" not in os.environ:
            self.theme = DARK.name
        self.stylesheet.set_variables(self.get_css_variables())
        self._no_theme = theme if theme and theme not in self.available_themes else ""
        self.set_keymap(self._keys)

    def get_driver_class(self) -> type[Driver]:
        """Textual's choice; for its Linux driver, `TerminalDriver`, which outlives the terminal."""
        chosen = super().get_driver_class()
        if chosen.__name__ != "LinuxDriver":
            return chosen
        from usenetsync_tui.tui.terminal.driver import TerminalDriver

        return TerminalDriver

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's filters, then ours, the last before the terminal."""
        few = [self._palette] if self.console.color_system == "256" else []
        return [*super().get_line_filters(), *few, self._clean_lines]

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Values of our variables in themes that are not ours."""
        if self.native_ansi_color:
            ansi = dict.fromkeys(("ink-muted", "ink-track", "frame"), "ansi_bright_black")
            return {**ansi, "frame-focus": "ansi_blue", "cursor": "ansi_default"}
        names = ("ink-muted", "ink-track", "frame", "frame-focus", "cursor")
        theme = DARK if self.current_theme.dark else LIGHT
        return {name: theme.variables[name] for name in names}

    async def on_event(self, event: Event) -> None:
        """Deliver keys and pasted text in turn; see `KeysInTurn`."""
        if isinstance(event, (Key, Paste)) and not event.is_forwarded:
            await self._typed.add(event)
        else:
            await super().on_event(event)

    def _fatal_error(self) -> None:
        """Print our crash report: Textual's shows local variables."""
        from usenetsync_tui.tui.terminal.crash import crash_report  # slow to load

        self.bell()
        report = crash_report(self._exception, typed_secrets(self.screen_stack))
        self._exit_renderables.append(Segments(self.console.render(report, self.console.options)))
        self._close_messages_no_wait()

    def on_action_screen_doctor_requested(self, event: ActionScreen.DoctorRequested) -> None:
        """Open the `doctor` screen over the current one."""
        self.push_screen(DoctorScreen(event.wanted, self.handle.status))

    def on_action_screen_history_requested(self, event: ActionScreen.HistoryRequested) -> None:
        """Open the history over the current screen."""
        if isinstance(self.screen, ActionScreen):
            self.screen.go_down(HistoryScreen(event.browser))

    def on_action_screen_question_asked(self, event: ActionScreen.QuestionAsked) -> None:
        """Open the screen that answers the question over the current one."""
        if isinstance(self.screen, ActionScreen):
            self.screen.go_down(answering(event.question))

    def on_files_table_opened(self, event: FilesTable.Opened) -> None:
        """Open the screen of the file's articles."""
        articles = ArticlesScreen(event.browser, event.folder, event.version, event.row)
        if isinstance(self.screen, ActionScreen):
            self.screen.go_down(articles)

    async def on_mount(self) -> None:
        """Open the dashboard and start to read the status regularly."""
        self._loop_to_end = asyncio.get_running_loop()
        await self.push_screen(Dashboard(self.handle))
        self.look()
        self.call_after_refresh(lambda: self._painted())
        self.set_interval(1 / LOOKS_PER_SECOND, self.look, name="look at the engine")
        if self._is_starting:
            self._start = self.set_interval(1 / _LOOKS_AT_START, self._look_for_start)
        for problem in self._problems:
            self.notify(problem, severity="error", timeout=_LONG, markup=False)
        self._complain_of_settings()
        if self._signum:
            self.end_on_signal(self._signum)

    def _complain_of_settings(self) -> None:
        unknown = unknown_ids(self._keys)
        if unknown:
            names = ", ".join(unknown)
            self.notify(
                f"The settings assign keys to unknown bindings: {names}.",
                severity="warning",
                markup=False,
            )
        if self._no_theme:
            self.notify(f"There is no theme {self._no_theme!r}.", severity="warning", markup=False)

    def look(self) -> None:
        """Show the latest status. Everything that moves by itself moves at this pace."""
        if not self.is_running:
            return  # A screen that ends removes its panes one by one.
        status = self.handle.status
        self._tell_of_holder(status)
        if status.state is EngineState.REFUSED:
            self.exit(ScreenExit(ExitReason.REFUSED))
        self._say_ended(self._ended.update(status))
        for screen in self.screen_stack:
            if isinstance(screen, StatusScreen) and screen.is_mounted:
                screen.show(status)

    def _tell_of_holder(self, status: EngineStatus) -> None:
        """Say so when another program runs the engine, and when it no longer does."""
        before, self._holder = self._holder, status.holder
        if before == status.holder:
            return
        if status.holder is not None:
            words = f"Attached to {status.holder}, which runs the engine."
            self.notify(safe_name(words), timeout=_LONG / 4, markup=False)
        else:
            self.clear_notifications()  # they are about an engine that is gone
            # Once this program's own engine works, its log begins with the reason.
            bad = (e.text for e in status.events if e.severity is Severity.BAD)
            words = safe_name(status.message or next(bad, f"No longer attached to {before}."))
            self.notify(words, severity="warning", timeout=_LONG, markup=False)

    def _say_ended(self, jobs: Sequence[JobStatus]) -> None:
        if jobs:
            severity, words = ended_severity(jobs), ended_words(jobs)
            self.notify(words, severity=severity, timeout=_LONG, markup=False)
        if rings_bell(jobs, self._bell_after):
            self.bell()

    @property
    def _is_starting(self) -> bool:
        return self.handle.status.state is EngineState.STARTING

    def _look_for_start(self) -> None:
        if not self._is_starting and self._start is not None:
            self._start.stop()
            self.look()

    def on_command_request(self, message: CommandRequest) -> None:
        """Submit the command of a widget."""
        message.stop()
        self.want(message.command, message.said)

    def want(self, command: Command, said: str = "") -> None:
        """Submit a command; while the engine is read-only, refuse those that change something.

        `said`: a toast to show after submitting; empty: none.
        """
        if self.handle.status.read_only and not isinstance(command, EXAMINATION_COMMANDS):
            said = READ_ONLY
        else:
            self.handle.submit(command)
        if said:
            self.notify(said, timeout=3, markup=False)

    def end_on_signal(self, signum: int) -> None:
        """End the screen; callable from a signal handler and from any thread."""
        self._signum = signum
        loop = self._loop_to_end
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(
                self.exit, ScreenExit(ExitReason.SIGNALLED, signal.Signals(signum))
            )

    async def action_quit(self) -> None:
        """Quit; while a job is running here, ask how. The engine of another program runs on."""
        if isinstance(self.screen, Ask):
            return
        if self.handle.status.holder is not None:
            self.exit(ScreenExit(ExitReason.DETACH))
            return
        if not _is_working(self.handle.status):
            self.exit(ScreenExit(ExitReason.DRAIN))
            return
        question = f"A job is running{_company_words(self.handle.status.windows)}."
        restore = self.handle.status.string_restore
        if restore is not None and not restore.over:
            question += f" {_STOPS_TOO}"
        self.push_screen(Ask(question, _QUITTING), self._quit)

    def action_help_quit(self) -> None:
        """Quit on Ctrl+C, as on `q`."""
        run_beside(self, self.action_quit, name="quit", group="quit")

    def _quit(self, choice: str | None) -> None:
        if choice == "drain":
            self.exit(ScreenExit(ExitReason.DRAIN))
        elif choice == "leave":
            self.exit(ScreenExit(ExitReason.LEAVE))
        elif choice == "background":
            self.exit(ScreenExit(ExitReason.BACKGROUND))

    def action_command_line(self, text: str) -> None:
        """Open the `:` line with `text`, if the current screen has one."""
        if isinstance(self.screen, ActionScreen):
            self.screen.begin_line(text)


def _is_working(status: EngineStatus) -> bool:
    restore = status.string_restore
    if restore is not None and not restore.over:
        return True
    busy = any(job.state is JobState.RUNNING for job in status.jobs)
    return busy and status.state in (EngineState.RUNNING, EngineState.DRAINING)


def _company_words(windows: Sequence[Window]) -> str:
    """Who else is at the engine that is about to end; empty: nobody."""
    if not windows:
        return ""
    first, more = safe_name(str(windows[0])), plural(len(windows) - 1, "other window")
    those = f"{first} and {more} are" if len(windows) > 1 else f"{first} is"
    return f", and {those} attached"
