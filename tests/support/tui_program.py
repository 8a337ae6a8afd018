"""A program around the screen, run by `test_terminal.py` in a pseudo-terminal.

`python tui_program.py TICKS [crash]`: an engine thread appends to TICKS; after the screen
the program drains (waits for the thread) and ends with the screen's exit code. A tick is a dot,
or an exclamation mark when the screen has not read the engine's status for a while. At the end the
servers that the user added are appended, with their passwords.
"""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

from tui_demo import LivelyHandle, hostile, servers

from usenetsync_tui.model.commands.servers import AddServer
from usenetsync_tui.model.status.engine import EngineStatus
from usenetsync_tui.tui.run import run_screen

STUCK = 2.0
"""Seconds without a read of the status."""


class Crashing(LivelyHandle):
    """A handle that violates the port's contract after a second."""

    def __init__(self) -> None:
        super().__init__()
        self._end = time.monotonic() + 1

    @property
    def status(self) -> EngineStatus:
        if time.monotonic() > self._end:
            raise RuntimeError("a defect of the screen")
        return super().status


def main(ticks: Path, kind: str) -> int:
    stop = threading.Event()
    handle = {"lively": LivelyHandle, "crash": Crashing, "hostile": hostile, "servers": servers}[
        kind
    ]()

    def engine() -> None:
        looks, looked = 0, time.monotonic()
        with ticks.open("a", buffering=1) as file:
            while not stop.wait(0.05):
                if looks != (looks := getattr(handle, "looks", 0)):
                    looked = time.monotonic()
                file.write("." if time.monotonic() - looked < STUCK else "!")
                file.flush()
            file.write("drained")

    thread = threading.Thread(target=engine)
    thread.start()
    try:
        ended = run_screen(handle)
    finally:
        stop.set()
        thread.join()
    with ticks.open("a") as file:
        for command in handle.commands:
            if isinstance(command, AddServer):
                server = command.server
                words = (server.name, server.host, server.username, str(server.password))
                file.write("\n" + " ".join(words))
    return ended.exit_code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
