"""A whole form written to the terminal at once: each text goes to its field."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from terminals import Terminal

ROOT = Path(__file__).parents[3]
SUPPORT = ROOT / "tests" / "support"
PASSWORD = "correct-horse-battery"
FINISH = b"\x13"
LINES = (b"host.example", b"", b"", b"me", PASSWORD.encode())
BURSTS = {
    "tabs": b"6atabs\t" + b"\t".join(LINES),
    "feeds": b"afeeds\n" + b"\n".join(LINES),
    "pasted-lines": b"a\x1b[200~pasted-lines\r\n" + b"\r\n".join(LINES) + b"\r\n\x1b[201~",
}
"""By the server's name: the keys that open the form, and all that goes into it."""


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    program = [sys.executable, str(SUPPORT / "tui_program.py"), str(tmp_path / "ticks"), "servers"]
    one = Terminal(program, {"PYTHONPATH": f"{ROOT}:{SUPPORT}"})
    yield one
    one.close()


def _has_said(terminal: Terminal, words: str) -> bool:
    return words.encode() in terminal.output


def test_a_form_in_one_write(terminal: Terminal, tmp_path: Path) -> None:
    terminal.start()
    for name, keys in BURSTS.items():
        os.write(terminal.end, keys + FINISH)
        terminal.read_until(partial(_has_said, terminal, f"{name} added"))
    os.write(terminal.end, b"q")
    terminal.read_until(lambda: b"Quit now" in terminal.output)
    os.write(terminal.end, b"n")
    assert terminal.wait() == 0
    added = (tmp_path / "ticks").read_text().splitlines()[1:]
    assert added == [f"{name} host.example me {PASSWORD}" for name in BURSTS]
    assert PASSWORD[:6].encode() not in terminal.output
