"""The screen on a real pseudo-terminal: its ways to end, and what it never sends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from terminals import ALTERNATE_OFF, ALTERNATE_ON, CURSOR_ON, Terminal, is_clean

from usenetsync_tui.tui.run import has_few_colors

ROOT = Path(__file__).parents[3]
SUPPORT = ROOT / "tests" / "support"


class DemoTerminal(Terminal):
    """A terminal with `tui_program` in it."""

    def __init__(self, ticks: Path, kind: str, **environment: str) -> None:
        self.ticks = ticks
        program = [sys.executable, str(SUPPORT / "tui_program.py"), str(ticks), kind]
        path = f"{ROOT}:{SUPPORT}"
        super().__init__(program, {"PYTHONPATH": path, **environment})


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Callable[..., DemoTerminal]]:
    """Open a terminal with the program in it."""
    opened: list[DemoTerminal] = []

    def open_terminal(kind: str = "lively", **environment: str) -> DemoTerminal:
        opened.append(DemoTerminal(tmp_path / "ticks", kind, **environment))
        return opened[-1]

    yield open_terminal
    for each in opened:
        each.close()


@pytest.mark.parametrize("signum", [signal.SIGHUP, signal.SIGTERM])
def test_a_signal_leaves_the_terminal_clean_and_the_engine_drained(
    terminal: Callable[..., DemoTerminal], signum: int
) -> None:
    one = terminal()
    one.start()
    one.process.send_signal(signum)
    assert one.wait() == 128 + signum
    assert is_clean(one)
    assert b"Traceback" not in one.output
    assert one.ticks.read_text().endswith("drained")


def test_q_and_d_end_with_zero(terminal: Callable[..., DemoTerminal]) -> None:
    one = terminal()
    one.start()
    os.write(one.end, b"q")
    one.read_until(lambda: b"Drain and quit" in one.output)
    os.write(one.end, b"d")
    assert one.wait() == 0
    assert is_clean(one)


def test_a_crash_is_reported_and_ends_with_1(terminal: Callable[..., DemoTerminal]) -> None:
    one = terminal("crash")
    assert one.wait() == 1
    assert is_clean(one)
    assert b"a defect of the screen" in one.output
    assert one.ticks.read_text().endswith("drained")


def test_a_terminal_that_is_gone_ends_the_program(terminal: Callable[..., DemoTerminal]) -> None:
    one = terminal()
    one.start()
    os.close(one.near)
    os.close(one.end)
    one.end, one.near = os.open(os.devnull, os.O_RDWR), os.open(os.devnull, os.O_RDWR)
    assert one.process.wait(20) == 128 + signal.SIGHUP
    assert one.ticks.read_text().endswith("drained")


def test_a_terminal_that_stops_reading_blocks_neither_engine_nor_end(
    terminal: Callable[..., DemoTerminal],
) -> None:
    one = terminal()
    one.start()
    # The event loop runs until the terminal's buffer and Textual's queue are full.
    deadline = time.monotonic() + 60
    while not one.ticks.read_text().endswith("!"):
        assert time.monotonic() < deadline, "the screen is never stuck"
        time.sleep(0.1)
    before = one.ticks.stat().st_size
    time.sleep(1)
    assert one.ticks.stat().st_size - before >= 10
    signalled = time.monotonic()
    one.process.send_signal(signal.SIGTERM)
    assert one.process.wait(20) == 128 + signal.SIGTERM
    # Not at once: the event loop was stuck, and the terminal had to be given up.
    assert time.monotonic() - signalled > 2.5
    assert one.ticks.read_text().endswith("drained")
    # If the terminal reads again, it finds its screen and its cursor.
    one.read_until(lambda: ALTERNATE_OFF in one.output and CURSOR_ON in one.output)


def test_hostile_names_never_arrive_raw(terminal: Callable[..., DemoTerminal]) -> None:
    one = terminal("hostile")
    one.start()
    for key in (b"1", b"4", b"2", b"G", b"x"):
        os.write(one.end, key)
        one.read(0.5)
    os.write(one.end, b"n")
    one.read(0.3)
    # Textual itself sends the shape of the pointer.
    sent = one.output.replace(b"\x1b]22;default\x07", b"")
    for raw in (b"\x1b]0;owned", b"\x07", "\u202e".encode(), "\u200b".encode(), b"\xc2\x9b"):
        assert raw not in sent
    assert "␛]0;owned␇".encode() in one.output
    assert b"[@click=app.quit]" in one.output
    one.process.send_signal(signal.SIGTERM)
    assert one.wait() == 128 + signal.SIGTERM


def test_without_unicode_only_ascii_is_sent(terminal: Callable[..., DemoTerminal]) -> None:
    one = terminal("hostile", PYTHONUTF8="0", PYTHONIOENCODING="ascii", LC_ALL="C")
    one.start()
    one.process.send_signal(signal.SIGTERM)
    assert one.wait() == 128 + signal.SIGTERM
    assert one.output.isascii()
    assert b"\\u" not in one.output


@pytest.mark.parametrize("environment", [{"TERM": "dumb"}, {"TERM": ""}])
def test_a_dumb_terminal_is_refused(
    terminal: Callable[..., DemoTerminal], environment: dict[str, str]
) -> None:
    one = terminal(**environment)
    assert one.wait() == 1
    assert b"usenetsync upload PATH" in one.output
    assert ALTERNATE_ON not in one.output


def test_without_a_terminal_it_is_refused(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(SUPPORT / "tui_program.py"), str(tmp_path / "ticks"), "lively"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{SUPPORT}", "TERM": "xterm"},
        timeout=20,
        check=False,
    )
    assert b"UsageError" in done.stderr
    assert b"usenetsync upload PATH" in done.stderr


@pytest.mark.parametrize(
    ("environment", "few"),
    [
        ({"TERM": "xterm-256color"}, False),
        ({"TERM": "tmux-256color"}, False),
        ({"TERM": "screen", "COLORTERM": "truecolor"}, False),
        ({"TERM": "xterm-direct"}, False),
        ({"TERM": "screen"}, True),
        ({"TERM": "linux"}, True),
        ({}, True),
    ],
)
def test_the_colours_that_a_terminal_announces(environment: dict[str, str], few: bool) -> None:
    assert has_few_colors(environment) is few
