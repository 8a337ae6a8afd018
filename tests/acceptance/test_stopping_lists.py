"""The verbs that print lists, in each of their waits: named on standard error, stopped soon.

Standard output is only for the list, also with `--json`. The tests try some verbs, waits and
signals, all of them with `--every-stop`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import anyio
import pytest
from acceptance_command import Command
from stopping_ground import (
    HUP,
    INT,
    SIGNALS,
    SLOW_NAMES,
    TERM,
    Kept,
    assert_stops,
    frozen,
    silent_port,
    started_by_another,
    until_said,
)

from usenetsync_tui.cli.output import progress
from usenetsync_tui.cli.run import waits_said
from usenetsync_tui.model.waiting import Waiting, Waits

DATABASE = "waiting for the database"
STARTING = "waiting for the database: Another usenetsync (pid 5628) is starting"


def lists(tmp_path: Path) -> dict[str, list[str]]:
    """The verbs that read the catalogue."""
    return {
        "folders": ["folders"],
        "snapshots": ["snapshots", "tree"],
        "files": ["files", "tree", "--json"],
        "jobs": ["jobs", "--json"],
        "job": ["jobs", "1"],
        "nzb": ["nzb", "tree", "-o", str(tmp_path / "x.nzb"), "--json"],
        "doctor": ["doctor", "--quick"],
    }


SERVER_VERBS = {
    "db start": ["db", "start"],
    "db stop": ["db", "stop", "--json"],
}
"""Those that start and stop the embedded server."""


def chosen(
    request: pytest.FixtureRequest, verbs: Mapping[str, list[str]], **sample: int
) -> list[tuple[list[str], int]]:
    """The verbs with the signals that stop them."""
    if request.config.getoption("--every-stop"):
        return [(arguments, signum) for arguments in verbs.values() for signum in SIGNALS]
    return [(verbs[verb], signum) for verb, signum in sample.items()]


Run = tuple[Command, list[str], int, dict[str, str], str]
"""A command: its arguments, the signal that stops it, its environment, and its messages."""

AT_ONCE = 8


def assert_each_stops(runs: Sequence[Run]) -> None:
    """Some at a time: each names its wait only after five seconds."""
    for start in range(0, len(runs), AT_ONCE):
        some = runs[start : start + AT_ONCE]
        processes = [c.start(*arguments, **environment) for c, arguments, _, environment, _ in some]
        for process, (*_, text) in zip(processes, some, strict=True):
            until_said(process, text)
        for process, (_, _, signum, _, text) in zip(processes, some, strict=True):
            assert_stops(process, signum, f"to print: {text}")


def test_the_database(
    kept: Kept, home: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """A database that is silent from the start, one that is starting, one that stops answering."""
    kept.settings()
    verbs = lists(tmp_path)
    with silent_port() as port, started_by_another(home), frozen(kept.command):
        address = {"USENETSYNC_DATABASE_URL": f"postgresql://me@127.0.0.1:{port}/none"}
        runs: list[Run] = []
        for arguments, signum in chosen(request, verbs, folders=TERM, nzb=INT):
            text = f"{DATABASE}: it has not answered yet"
            runs.append((kept.command, arguments, signum, address, text))
        some = {"files": HUP, "db start": INT, "doctor": TERM}
        for arguments, signum in chosen(request, {**verbs, **SERVER_VERBS}, **some):
            runs.append((Command(home), arguments, signum, {}, STARTING))
        for arguments, signum in chosen(request, verbs, snapshots=INT, jobs=HUP):
            runs.append((kept.command, arguments, signum, {}, DATABASE))
        assert_each_stops(runs)
        assert_status_stops(kept, TERM)


def assert_status_stops(kept: Kept, signum: int) -> None:
    """The command asks a silent server for its version, and then continues without it."""
    process = kept.command.start("db", "status", "--json")
    while len(os.listdir(f"/proc/{process.pid}/task")) < 2:  # in a thread
        time.sleep(0.01)
    assert_stops(process, signum, "db status, of a database that is silent")


def test_the_network(kept: Kept, request: pytest.FixtureRequest) -> None:
    """`servers test` and `doctor`: a silent server, and a silent name server."""
    verbs = {"servers test": ["servers", "test"], "doctor": ["doctor", "--quick", "--json"]}
    with silent_port() as port:
        kept.settings(port=port)
        sample = chosen(request, verbs, **{"servers test": HUP})
        assert_each_stops([(kept.command, a, s, {}, "waiting for 127.0.0.1") for a, s in sample])
    kept.settings(host="news.example.com")
    command = Command(kept.command.home)
    command.program = SLOW_NAMES
    sample = chosen(request, verbs, doctor=INT)
    texts = {"doctor": "waiting for the name server", "servers": "waiting for news.example.com"}
    assert_each_stops([(command, a, s, {}, texts[a[0]]) for a, s in sample])


@pytest.mark.anyio
@pytest.mark.parametrize("quiet", [False, True])
async def test_a_wait_in_the_middle_of_a_list(
    quiet: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "_WORTH_A_LINE", 0.2)
    monkeypatch.setattr(progress, "_EVERY_LOOK", 0.01)
    waits = Waits()
    async with waits_said(waits, quiet=quiet) as begin_to_print:
        begin_to_print()
        for _ in range(2):
            with waits.announced(Waiting("waiting for the database: no answer yet", 3.0, ", for")):
                await anyio.sleep(0.4)
    said = "usenetsync: waiting for the database: no answer yet, for 3 s\n"
    assert capsys.readouterr() == ("", "" if quiet else said)
