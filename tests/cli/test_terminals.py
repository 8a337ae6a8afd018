"""Output of the command on narrow terminals, dumb ones, and those with ASCII only."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from rich.cells import cell_len
from rich.console import Console

from usenetsync_tui.cli.options import Voice
from usenetsync_tui.cli.output import progress, progress_bar, voices
from usenetsync_tui.model.folders import Priority
from usenetsync_tui.model.jobs import JobState, Verb
from usenetsync_tui.model.status.jobs import JobStatus
from usenetsync_tui.model.waiting import Waiting

JOB = JobStatus(
    1, 1, "tree", Verb.UPLOAD, Priority.NORMAL, JobState.RUNNING, 1, "upload", True,
    0, 123_456, 1_234_567, 0, 10**13, 10**12, 0, 0, 0, b"a/" * 60, 123.4e6, 0.0, 123_456.0, 1.0,
)  # fmt: skip
SENTENCE = "No connection to 127.0.0.1 port 1: Connection refused. Check the port, and a firewall."


@pytest.mark.parametrize("width", [20, 30, 40, 60, 80, 140])
def test_progress_takes_two_lines_and_no_more(width: int) -> None:
    for job in (JOB, replace(JOB, scanned=False, eta=None, bytes_per_second=0.0, total_bytes=0)):
        shown = io.StringIO()
        console = Console(file=shown, width=width, force_terminal=True, color_system=None)
        console.print(progress_bar._table(job, width))
        lines = shown.getvalue().splitlines()
        assert len(lines) == 2, lines
        assert all(cell_len(line.rstrip()) <= width for line in lines), lines
        assert lines[0].startswith("upload") and "a/a/" in lines[1]
        assert ("/s" in lines[0] or width < 30) and ("ETA" in lines[0] or width < 40), lines
        assert ("━" in lines[0]) is (width >= 60)


def test_a_sentence_is_wrapped_beside_its_head_where_there_is_room(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    head = "  ✗ connect        0.2 ms  "
    for width in (20, 40, 60, 80):
        monkeypatch.setattr(voices, "terminal_width", lambda width=width: width)
        voices.say_beside(head, SENTENCE)
        first, *rest = capsys.readouterr().out.splitlines()
        assert all(cell_len(line) <= width for line in rest), rest
        indent = len(head) if width >= 60 else 2
        assert rest and all(line[:indent].isspace() and line[indent] != " " for line in rest)
        said = first.removeprefix(head if width >= 60 else head.rstrip())
        assert " ".join([said, *(line.strip() for line in rest)]).strip() == SENTENCE
    monkeypatch.setattr(voices, "terminal_width", lambda: None)
    voices.say_beside(head, SENTENCE)
    assert capsys.readouterr().out == f"{head}{SENTENCE}\n", "nothing is wrapped in a pipe"


def test_a_dumb_terminal_shows_what_the_command_waits_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr(progress, "_WORTH_A_LINE", 0.0)

    async def look() -> None:
        with anyio.move_on_after(0.1):
            await progress.show(lambda: None, Voice(), waiting=lambda: Waiting("waiting for it"))

    anyio.run(look)
    assert capsys.readouterr().err == "usenetsync: waiting for it\n"


def test_our_signs_have_one_in_ascii(tmp_path: Path) -> None:
    surroundings = {
        **os.environ,
        **{"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        "USENETSYNC_HOME": str(tmp_path),
        "USENETSYNC_DATABASE_URL": "postgresql://me@127.0.0.1:1/x",
    }
    program = [sys.executable, "-m", "usenetsync_tui"]
    ended = subprocess.run(
        [*program, "doctor", "--quick"], env=surroundings, capture_output=True, timeout=60
    )
    assert ended.returncode == 1 and ended.stdout.isascii() and b"\\u" not in ended.stdout, ended
    assert ended.stdout.startswith(b"+ settings") and b"\nx database" in ended.stdout


def test_colour_is_for_terminals_that_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert voices.red("loud") == "\x1b[31mloud\x1b[0m"
    monkeypatch.setenv("TERM", "dumb")
    assert voices.red("loud") == "loud"
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    assert voices.red("loud") == "loud"
