"""A crash of the screen near a password: the report shows the error, and nothing the password."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from terminals import Terminal, is_clean

from usenetsync_tui.model.secret import Secret
from usenetsync_tui.tui.run import prepare_environment
from usenetsync_tui.tui.terminal.crash import crash_report

ROOT = Path(__file__).parents[3]
SUPPORT = ROOT / "tests" / "support"
SECRET = b"hunter2-Tr0ub4dor"
PLACES = [
    *("locals", "quoted", "cause", "context", "group", "note"),
    *("validate", "changed", "render", "worker", "submit"),
]


@pytest.fixture
def crashing(tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    opened: list[Terminal] = []

    def open_terminal(place: str, **environment: str) -> Terminal:
        program = [sys.executable, str(SUPPORT / "crash_program.py"), place]
        folders = {name: str(tmp_path) for name in ("HOME", "USENETSYNC_HOME", "TMPDIR")}
        path = f"{ROOT}:{SUPPORT}"
        one = Terminal(program, {"PYTHONPATH": path, **folders, **environment})
        opened.append(one)
        return one

    yield open_terminal
    for each in opened:
        each.close()


def press(one: Terminal, *keys: bytes) -> None:
    """Press the keys one by one, each once the screen is idle."""
    for key in (b"", *keys):
        os.write(one.end, key)
        length = -1
        while length != len(one.output):
            length = len(one.output)
            one.read(0.2)


def type_until_it_breaks(one: Terminal, place: str) -> None:
    one.read_until(lambda: b"Welcome to usenetsync" in one.output)
    press(one, b"u")
    one.read_until(lambda: b"Password" in one.output)
    press(one, b"main", b"\t", b"h.example", b"\t", b"\t", b"\t", b"joe", b"\t", SECRET)
    one.read_until(lambda: "•••••".encode() in one.output)
    if place in ("validate", "changed", "render"):
        press(one, b"!")
    elif place == "submit":
        press(one, b"\t", b"\t", b"\t", b"\t", b"\r")
    else:
        press(one, b"\x14")  # ctrl+t


@pytest.mark.slow
@pytest.mark.parametrize("place", PLACES)
def test_a_crash_beside_a_password_does_not_show_it(
    crashing: Callable[..., Terminal], tmp_path: Path, place: str
) -> None:
    one = crashing(place, TEXTUAL_LOG=str(tmp_path / "textual.log"), TEXTUAL="debug")
    type_until_it_breaks(one, place)
    assert one.wait() == 1
    assert is_clean(one)
    assert b"a defect" in one.output, "the report shows the error"
    assert b"crash_program.py" in one.output, "and its place in the code"
    assert SECRET not in one.output and SECRET[:12] not in one.output
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or SECRET not in path.read_bytes(), path


def report(error: BaseException, *secrets: str) -> str:
    from rich.console import Console

    console = Console(width=200, record=True, file=open(os.devnull, "w", encoding="utf-8"))
    console.print(crash_report(error, secrets))
    console.file.close()
    return console.export_text()


def test_other_text_stays_in_the_report() -> None:
    try:
        raise ValueError("open sesame, said Ali")
    except ValueError as error:
        assert "open sesame, said Ali" in report(error)
        assert "*** sesame, said Ali" in report(error, "open")
        assert "open sesame, said Ali" in report(error, "a", ""), "single letters are not masked"
        assert "***, said Ali" in report(error, "open", "open sesame"), "the longest first"


def test_a_report_of_an_error_that_is_not_being_handled() -> None:
    assert "ValueError: later" in report(ValueError("later"))


def test_textuals_own_logs_are_not_written() -> None:
    environment = {"TEXTUAL_LOG": "/tmp/x", "TEXTUAL": "devtools", "TEXTUAL_DEBUG": "1", "A": "b"}
    prepare_environment(environment)
    assert environment == {"A": "b"}


# --- secrets ------------------------------------------------------------------------------


def test_a_secret_is_a_text_that_does_not_show() -> None:
    secret = Secret("hunter2")
    assert secret == "hunter2" and f"PASS {secret}" == "PASS hunter2"
    assert secret.encode() == b"hunter2" and hash(secret) == hash("hunter2")
    for shown in (repr(secret), repr([secret]), f"{secret!r}", repr(secret[:4]), repr(secret[0])):
        assert "h" not in shown
    assert repr(Secret("")) == "''", "an empty secret may show"
