"""The screen on a real pseudo-terminal: how it leaves, and what it never sends."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ALTERNATE_ON, ALTERNATE_OFF = b"\x1b[?1049h", b"\x1b[?1049l"
CURSOR_ON = b"\x1b[?25h"
MOUSE_OFF = b"\x1b[?1000l"


class Terminal:
    """The far end of a program's terminal."""

    def __init__(self, ticks: Path, kind: str, **environment: str) -> None:
        self.ticks = ticks
        self.output = b""
        self.end, near = pty.openpty()
        fcntl.ioctl(near, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.modes = termios.tcgetattr(near)
        self.near = near
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "tui_program.py"), str(ticks), kind],
            stdin=near,
            stdout=near,
            stderr=near,
            start_new_session=True,
            env={
                **os.environ,
                "PYTHONPATH": f"{HERE.parents[1]}:{HERE}",
                "TERM": "xterm-256color",
                "PYTHONUTF8": "1",
                **environment,
            },
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )

    def read_until(self, condition: Callable[[], bool], seconds: float = 20) -> None:
        """Read what is sent until something is the case."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"it did not happen: {self.output[-2000:]!r}"
            self.read(0.05)

    def read(self, seconds: float) -> None:
        """Read what is there, or comes within some seconds."""
        if select.select([self.end], [], [], seconds)[0]:
            self.output += os.read(self.end, 65536)

    def start(self) -> None:
        """Wait for the list."""
        self.read_until(lambda: b"row 1 / " in self.output)

    def wait(self, seconds: float = 20) -> int:
        """Read to the end; the exit code."""
        self.read_until(lambda: self.process.poll() is not None, seconds)
        self.read(0.1)
        return self.process.returncode

    def close(self) -> None:
        """End the program, whatever became of it."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for descriptor in {self.end, self.near}:
            os.close(descriptor)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    """Open a terminal with the program in it."""
    opened: list[Terminal] = []

    def open_terminal(kind: str = "lively", **environment: str) -> Terminal:
        opened.append(Terminal(tmp_path / "ticks", kind, **environment))
        return opened[-1]

    yield open_terminal
    for each in opened:
        each.close()


def is_clean(terminal: Terminal) -> bool:
    """Main screen, cursor, no mouse reports, the modes it was given."""
    out = terminal.output
    return (
        out.rfind(ALTERNATE_OFF) > out.rfind(ALTERNATE_ON)
        and out.rfind(CURSOR_ON) > out.rfind(b"\x1b[?25l")
        and out.rfind(MOUSE_OFF) > out.rfind(b"\x1b[?1000h")
        and termios.tcgetattr(terminal.near) == terminal.modes
    )


@pytest.mark.parametrize("signum", [signal.SIGHUP, signal.SIGTERM])
def test_a_signal_leaves_the_terminal_clean_and_the_engine_drained(
    terminal: Callable[..., Terminal], signum: int
) -> None:
    one = terminal()
    one.start()
    one.process.send_signal(signum)
    assert one.wait() == 128 + signum
    assert is_clean(one)
    assert b"Traceback" not in one.output
    assert one.ticks.read_text().endswith("drained")


def test_q_and_d_end_with_zero(terminal: Callable[..., Terminal]) -> None:
    one = terminal()
    one.start()
    os.write(one.end, b"q")
    one.read_until(lambda: b"Drain and quit" in one.output)
    os.write(one.end, b"d")
    assert one.wait() == 0
    assert is_clean(one)


def test_a_crash_is_told_and_not_zero(terminal: Callable[..., Terminal]) -> None:
    one = terminal("crash")
    assert one.wait() == 1
    assert is_clean(one)
    assert b"a defect of the screen" in one.output
    assert one.ticks.read_text().endswith("drained")


def test_a_terminal_that_is_gone_ends_the_program(terminal: Callable[..., Terminal]) -> None:
    one = terminal()
    one.start()
    os.close(one.near)
    os.close(one.end)
    one.end, one.near = os.open(os.devnull, os.O_RDWR), os.open(os.devnull, os.O_RDWR)
    assert one.process.wait(20) == 128 + signal.SIGHUP
    assert one.ticks.read_text().endswith("drained")


def test_a_terminal_that_stops_reading_blocks_neither_engine_nor_end(
    terminal: Callable[..., Terminal],
) -> None:
    one = terminal()
    one.start()
    # Until the terminal's buffer and Textual's queue are full the event loop lives on.
    time.sleep(8)
    before = one.ticks.stat().st_size
    time.sleep(1)
    assert one.ticks.stat().st_size - before >= 10
    signalled = time.monotonic()
    one.process.send_signal(signal.SIGTERM)
    assert one.process.wait(20) == 128 + signal.SIGTERM
    # Not at once: the event loop was stuck, the terminal had to be given up.
    assert time.monotonic() - signalled > 2.5
    assert one.ticks.read_text().endswith("drained")
    # Should it ever read again, it finds its screen and its cursor.
    one.read_until(lambda: ALTERNATE_OFF in one.output and CURSOR_ON in one.output)


def test_hostile_names_never_arrive_raw(terminal: Callable[..., Terminal]) -> None:
    one = terminal("hostile")
    one.start()
    for key in (b"1", b"4", b"2", b"G", b"x"):
        os.write(one.end, key)
        one.read(0.5)
    os.write(one.end, b"n")
    one.read(0.3)
    # Textual names the shape of the pointer itself.
    sent = one.output.replace(b"\x1b]22;default\x07", b"")
    for raw in (b"\x1b]0;owned", b"\x07", "\u202e".encode(), "\u200b".encode(), b"\xc2\x9b"):
        assert raw not in sent
    assert "␛]0;owned␇".encode() in one.output
    assert b"[@click=app.quit]" in one.output
    one.process.send_signal(signal.SIGTERM)
    assert one.wait() == 128 + signal.SIGTERM


def test_without_unicode_only_ascii_is_sent(terminal: Callable[..., Terminal]) -> None:
    one = terminal("hostile", PYTHONUTF8="0", PYTHONIOENCODING="ascii", LC_ALL="C")
    one.start()
    one.process.send_signal(signal.SIGTERM)
    assert one.wait() == 128 + signal.SIGTERM
    assert one.output.isascii()
    assert b"\\u" not in one.output


@pytest.mark.parametrize("environment", [{"TERM": "dumb"}, {"TERM": ""}])
def test_a_dumb_terminal_is_refused(
    terminal: Callable[..., Terminal], environment: dict[str, str]
) -> None:
    one = terminal(**environment)
    assert one.wait() == 1
    assert b"usenetsync upload PATH" in one.output
    assert ALTERNATE_ON not in one.output


def test_without_a_terminal_it_is_refused(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(HERE / "tui_program.py"), str(tmp_path / "ticks"), "lively"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": f"{HERE.parents[1]}:{HERE}", "TERM": "xterm"},
        timeout=20,
        check=False,
    )
    assert b"UsageError" in done.stderr
    assert b"usenetsync upload PATH" in done.stderr
