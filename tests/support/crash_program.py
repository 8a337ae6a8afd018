"""The screen with a defect in it, run by `test_crash.py` in a pseudo-terminal.

`python crash_program.py PLACE`: shows the first run; its form for a server fails at PLACE when the
user presses ctrl+t, or leaves the form.
"""

from __future__ import annotations

import os
import sys

from usenetsync_tui.tui.run import prepare_environment, run_screen

prepare_environment(os.environ)  # as the program does: before Textual is imported

# ruff: noqa: E402
from textual.strip import Strip
from textual.widgets import Input
from tui_demo import FakeHandle
from tui_fakes import FakeBrowser

from usenetsync_tui.model.commands.command import Command
from usenetsync_tui.model.commands.servers import AddServer
from usenetsync_tui.model.status.engine import EngineState, EngineStatus
from usenetsync_tui.tui.dialogs import server_form
from usenetsync_tui.tui.dialogs.server_fields import TypedServer
from usenetsync_tui.tui.dialogs.server_form import ServerForm
from usenetsync_tui.tui.kit.secret_input import SecretInput


class Handle(FakeHandle):
    """An idle engine whose mailbox fails on request."""

    def __init__(self, place: str) -> None:
        super().__init__(EngineStatus(EngineState.IDLE), FakeBrowser(0))
        self._place = place

    def submit(self, command: Command) -> None:
        if self._place == "submit" and isinstance(command, AddServer):
            password = str(command.server.password)
            raise RuntimeError(f"a defect, {len(password)} letters from it")
        super().submit(command)


def broken(typed: TypedServer, place: str) -> None:
    """Break in one of several ways, with the password in reach."""
    password = str(typed.password)
    match place:
        case "locals":
            raise RuntimeError(f"a defect beside {len(password)} letters")
        case "quoted":
            raise ValueError(f"a defect: {password!r} is not right")
        case "cause":
            try:
                int(password)
            except ValueError as error:
                raise RuntimeError("a defect") from error
        case "context":
            try:
                int(password)
            finally:
                raise RuntimeError("a defect")
        case "group":
            raise ExceptionGroup("a defect", [ValueError(password), KeyError(password)])
        case "note":
            error = RuntimeError("a defect")
            error.add_note(f"while looking at {password}")
            raise error


def break_at(place: str) -> None:
    """Install the defect at the given place."""
    if place == "validate":

        def validate(self: SecretInput, value: str) -> str:
            if value.endswith("!"):
                raise RuntimeError("a defect")
            return value

        SecretInput.validate_value = validate  # type: ignore[assignment,method-assign]
    elif place == "changed":

        def changed(self: ServerForm, event: Input.Changed) -> None:
            if event.value.endswith("!"):
                raise RuntimeError("a defect")

        ServerForm.on_input_changed = changed  # type: ignore[method-assign]
    elif place == "worker":

        async def work(password: str) -> None:
            raise RuntimeError(f"a defect with {len(password)} letters")

        def test(self: ServerForm) -> None:
            self.run_worker(work(str(self.typed().password)))

        ServerForm.action_test = test  # type: ignore[method-assign]
    elif place == "render":
        draw = SecretInput.render_line

        def render(self: SecretInput, y: int) -> Strip:
            if self.value.endswith("!"):
                raise RuntimeError("a defect")
            return draw(self, y)

        SecretInput.render_line = render  # type: ignore[method-assign]
    elif place != "submit":
        judge = server_form.read_server

        def read(typed: TypedServer, taken: object = ()) -> object:
            broken(typed, place)
            return judge(typed)

        server_form.read_server = read  # type: ignore[assignment]


if __name__ == "__main__":
    break_at(sys.argv[1])
    sys.exit(run_screen(Handle(sys.argv[1])).exit_code)
