"""A pseudo-terminal with a program in it, and the program's output."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence

ALTERNATE_ON, ALTERNATE_OFF = b"\x1b[?1049h", b"\x1b[?1049l"
CURSOR_ON = b"\x1b[?25h"
MOUSE_OFF = b"\x1b[?1000l"


class Terminal:
    """The far end of a program's terminal."""

    def __init__(self, program: Sequence[str], environment: Mapping[str, str]) -> None:
        self.output = b""
        self.end, near = pty.openpty()
        fcntl.ioctl(near, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.modes = termios.tcgetattr(near)
        self.near = near
        self.process = subprocess.Popen(
            program,
            stdin=near,
            stdout=near,
            stderr=near,
            start_new_session=True,
            env={
                **os.environ,
                "TERM": "xterm-256color",
                "PYTHONUTF8": "1",
                **environment,
            },
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )

    def read_until(self, condition: Callable[[], bool], seconds: float = 60) -> None:
        """Read output until a condition is true."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"it did not happen: {self.output[-2000:]!r}"
            self.read(0.05)

    def read(self, seconds: float) -> None:
        """Read the output that is there, or that comes within some seconds."""
        if select.select([self.end], [], [], seconds)[0]:
            self.output += os.read(self.end, 65536)

    def start(self) -> None:
        """Wait for the list."""
        self.read_until(lambda: b"row 1 / " in self.output)

    def wait(self, seconds: float = 60) -> int:
        """Read to the end; returns the exit code."""
        self.read_until(lambda: self.process.poll() is not None, seconds)
        self.read(0.1)
        return self.process.returncode

    def close(self) -> None:
        """End the program, whatever state it is in."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for descriptor in {self.end, self.near}:
            os.close(descriptor)


def is_clean(terminal: Terminal) -> bool:
    """Check for the main screen, the cursor, no mouse reports, and the original modes."""
    out = terminal.output
    return (
        out.rfind(ALTERNATE_OFF) > out.rfind(ALTERNATE_ON)
        and out.rfind(CURSOR_ON) > out.rfind(b"\x1b[?25l")
        and out.rfind(MOUSE_OFF) > out.rfind(b"\x1b[?1000h")
        and termios.tcgetattr(terminal.near) == terminal.modes
    )
