"""The screen of `doctor`: checks of what may stop the program on this machine.

Knows keys and the checks of the terminal. Refuses to know the other checks: the engine runs them,
also while this screen is closed, and the screen shows their findings when it opens again.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any, ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from usenetsync_tui.model.commands.engine import Examine, StopExamining
from usenetsync_tui.model.machine.findings import Finding
from usenetsync_tui.model.machine.terminal_checks import terminal_found
from usenetsync_tui.model.status.engine import EngineStatus
from usenetsync_tui.model.status.tasks import Examination
from usenetsync_tui.tui.kit.action import Action, bindings
from usenetsync_tui.tui.kit.command_request import CommandRequest
from usenetsync_tui.tui.kit.inks import Line
from usenetsync_tui.tui.kit.lines_view import LinesView
from usenetsync_tui.tui.screens.deeper_screen import DeeperScreen
from usenetsync_tui.tui.screens.doctor_lines import all_found, doctor_lines, outcome


def _is_checking(screen: DoctorScreen) -> str:
    return "" if screen.is_checking else "Nothing is being checked."


DOCTOR_ACTIONS: tuple[Action[DoctorScreen], ...] = (
    Action(
        "doctor.again",
        "Check again",
        lambda screen: screen.check_again(),
        keys="r",
        tooltip="everything",
        footer=True,
    ),
    Action(
        "doctor.stop",
        "Stop",
        lambda screen: screen.stop_checking(),
        (_is_checking,),
        keys="x",
        tooltip="what was found stays",
        footer=True,
    ),
    Action(
        "doctor.post",
        "Post too",
        lambda screen: screen.post_too(),
        keys="p",
        tooltip="an article to each server, again",
        footer=True,
    ),
)


class DoctorScreen(DeeperScreen):
    """Starts an examination, unless one is running, and shows its findings."""

    ACTIONS: ClassVar[Sequence[Action[Any]]] = DOCTOR_ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(DOCTOR_ACTIONS)

    def __init__(self, wanted: Examine, status: EngineStatus | None) -> None:
        """`status`: the latest one; findings of an examination that is over are not shown."""
        super().__init__(("doctor",))
        self._wanted = wanted
        self._seen = status.examination if status is not None else None
        self._after = self._seen.number if self._seen is not None and self._seen.over else 0
        """The number of the last examination before the one that this screen requested."""

    def content(self) -> Widget:
        return LinesView(self._compose_findings, id="doctor")

    def on_mount(self) -> None:
        """Request an examination, unless one is running."""
        view = self.query_one("#doctor", LinesView)
        view.title("What may stop UsenetSync here, and what to do")
        view.focus()
        if self._seen is None or self._seen.over:
            self.post_message(CommandRequest(self._wanted))

    def show(self, status: EngineStatus) -> None:
        """Show the findings so far."""
        super().show(status)
        self._seen = status.examination
        view = self.query_one("#doctor", LinesView)
        view.show(status)
        # The last line, with the outcome, may be below the end of the screen.
        view.subtitle(outcome(self._ours, all_found(self._ours, self._terminal()))[0])

    def _compose_findings(self, status: EngineStatus, width: int, height: int) -> Sequence[Line]:
        return doctor_lines(self._ours, self._terminal(), width)

    @property
    def _ours(self) -> Examination | None:
        seen = self._seen
        return seen if seen is not None and seen.number > self._after else None

    def _terminal(self) -> Sequence[Finding]:
        encoding = getattr(sys.__stderr__, "encoding", None) or ""  # Textual draws on it
        return tuple(terminal_found(os.environ, (self.size.width, self.size.height), encoding))

    @property
    def is_checking(self) -> bool:
        """Whether the examination that this screen requested is running."""
        return self._ours is not None and not self._ours.over

    def open_doctor(self, wanted: Examine) -> None:
        """Check again on this screen, instead of on a second one."""
        self._wanted = wanted
        self._begin(wanted)

    def check_again(self) -> None:
        """Check everything again, with the same options."""
        self._begin(self._wanted)

    def post_too(self) -> None:
        """Check everything again, and also post an article to each server."""
        self._begin(Examine(post=True, sums=self._wanted.sums))

    def stop_checking(self) -> None:
        """Stop the checks; the findings so far stay."""
        self.post_message(CommandRequest(StopExamining()))

    def _begin(self, wanted: Examine) -> None:
        self._after = self._seen.number if self._seen is not None else 0
        self.post_message(CommandRequest(wanted))
        self.query_one("#doctor", LinesView).recompose_lines()
