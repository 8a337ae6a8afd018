"""SIGINT, SIGTERM and SIGHUP in each of the waits of each verb, and of the screen.

The command names each wait, ends within two seconds of the signal (the tests allow four) with exit
code 130, and resumes when run again. The tests try some combinations of verb, wait and signal, all
of them with `--every-stop` (5 minutes).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import anyio
import pytest
from acceptance_command import Command
from scripted_server import Fault
from stopping_ground import (
    HUP,
    INT,
    SIGNALS,
    SLOW_NAMES,
    TERM,
    Kept,
    assert_all_stop,
    assert_stops,
    held_by_another,
    refused_port,
    silent_port,
    started_by_another,
    turns,
    until_waiting,
)
from terminals import Terminal

from usenetsync_tui.cli.options import Voice
from usenetsync_tui.cli.output import progress
from usenetsync_tui.model.waiting import Waiting, Waits

WAITS = {
    "refused": "waiting for 127.0.0.1: No connection to",
    "silent": "waiting for 127.0.0.1: no connection yet, for",
    "mute": "waiting for 127.0.0.1: no answer yet, for",
    "name": "waiting for news.example.com: no connection yet, for",
    "unknown": "waiting for news.invalid: The name news.invalid does not resolve",
}


@pytest.mark.parametrize(
    ("wait", "one", "other"),
    [
        ("refused", {TERM: "upload"}, {HUP: "restore"}),
        ("silent", {INT: "verify"}, {TERM: "restore"}),
        ("mute", {HUP: "upload"}, {INT: "restore"}),
        ("name", {INT: "upload"}, {TERM: "restore"}),
        ("unknown", {HUP: "verify"}, {INT: "restore"}),
    ],
)
def test_no_server(
    kept: Kept,
    tmp_path: Path,
    wait: str,
    one: dict[int, str],
    other: dict[int, str],
    request: pytest.FixtureRequest,
) -> None:
    kept.add_file()
    verbs = kept.verbs(tmp_path)
    command = Command(kept.command.home)
    groups = [{**one, **other}]
    if request.config.getoption("--every-stop"):
        groups = [{signum: verb} for verb in verbs for signum in SIGNALS]
    with silent_port() as silent:
        match wait:
            case "refused":
                kept.settings(port=refused_port())
            case "silent":
                kept.settings(port=silent)
            case "mute":
                kept.settings()
                for word in ("POST", "STAT", "BODY"):
                    kept.server.script(Fault(word, silent=True, times=200))
            case "name":
                kept.settings(host="news.example.com")
                command.program = SLOW_NAMES
            case _:
                kept.settings(host="news.invalid")
        try:
            for group in groups:
                runs = {signum: verbs[verb] for signum, verb in group.items()}
                assert_all_stop(command, runs, WAITS[wait])
        finally:
            kept.server.forget()


def test_the_schedule_of_checks(kept: Kept, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    kept.settings(check_delays=[600.0])
    verbs = kept.verbs(tmp_path)
    every = request.config.getoption("--every-stop")
    for verb, sample in (("upload", HUP), ("verify", INT)):
        for signum in SIGNALS if every else (sample,):
            if verb == "upload":
                kept.add_file()
            else:
                kept.lose_article()
            assert_all_stop(kept.command, {signum: verbs[verb]}, "checking ")


def test_another_program_has_the_catalogue(
    kept: Kept, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    kept.settings()
    wait = ["--wait", "600"]
    verbs = {v: [*kept.verbs(tmp_path)[v], *wait] for v in ("upload", "verify")}
    with held_by_another(kept.command.server.url()):
        for runs in turns(request, verbs, sample=1):
            assert_all_stop(kept.command, runs, "waiting for another usenetsync (pid 5628)")


REFUSED = {
    "upload": Fault("article", reply="441 Posting failed", times=4),
    "verify": Fault("STAT", reply="503 Not now", times=200),
    "restore": Fault("BODY", reply="503 Not now", times=200),
}


def test_between_two_tries(kept: Kept, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    kept.settings(retry_backoff=60.0)
    verbs = kept.verbs(tmp_path)
    for runs in turns(request, verbs):
        for signum, arguments in runs.items():
            kept.add_file()
            fault = REFUSED[arguments[0]]
            kept.server.script(fault)
            try:
                words = f"waiting for 127.0.0.1: {fault.reply}, next try in"
                assert_all_stop(kept.command, {signum: arguments}, words)
            finally:
                kept.server.forget()


def test_a_database_that_does_not_answer(
    kept: Kept, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    with silent_port() as port:
        for runs in turns(request, kept.verbs(tmp_path)):
            assert_all_stop(
                kept.command,
                runs,
                "waiting for the database: it has not answered yet",
                USENETSYNC_DATABASE_URL=f"postgresql://me@127.0.0.1:{port}/none",
            )


def test_the_start_of_the_database(
    kept: Kept, home: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    command = Command(home)
    with started_by_another(home):
        for runs in turns(request, kept.verbs(tmp_path)):
            words = "waiting for the database: Another usenetsync (pid 5628) is starting"
            assert_all_stop(command, runs, words)


def test_one_line_at_once(kept: Kept) -> None:
    kept.add_file()
    kept.settings(port=refused_port())
    program = [sys.executable, "-m", "usenetsync_tui", "upload", str(kept.tree)]
    terminal = Terminal(program, kept.command.environment)
    try:
        terminal.read_until(lambda: b"waiting for 127.0.0.1: No connection" in terminal.output)
        os.write(terminal.end, b"\x03")
        assert terminal.wait(60) == 130
        assert b"Stopping: finishing articles in flight. Press Ctrl+C again" in terminal.output
    finally:
        terminal.close()


def ignore() -> None:
    signal.signal(HUP, signal.SIG_IGN)
    signal.signal(INT, signal.SIG_IGN)


def test_what_was_ignored_stays_ignored(kept: Kept) -> None:
    kept.add_file()
    kept.settings(port=refused_port())
    process = subprocess.Popen(
        [*kept.command.program, "upload", str(kept.tree), "--json"],
        env=kept.command.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=ignore,
    )
    until_waiting(process, "waiting for 127.0.0.1")
    process.send_signal(HUP)
    process.send_signal(INT)
    until_waiting(process, "waiting for 127.0.0.1")
    until_waiting(process, "waiting for 127.0.0.1")
    assert_stops(process, TERM, "ignored before")


@pytest.mark.anyio
async def test_a_wait_in_a_pipe_is_said_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "_WORTH_A_LINE", 0.3)
    monkeypatch.setattr(progress, "_EVERY_LOOK", 0.01)
    waits = Waits()

    async def wait(reason: str, seconds: float) -> None:
        with waits.announced(Waiting(reason, 60.0)):
            await anyio.sleep(seconds)

    async with anyio.create_task_group() as group:
        group.start_soon(
            partial(progress.show, lambda: None, Voice(), waiting=lambda: waits.current)
        )
        await wait("waiting for a moment", 0.05)
        for _ in range(2):
            await wait("waiting for one.example.com: refused", 0.6)
            await wait("waiting for two.example.com: refused", 0.6)
        group.cancel_scope.cancel()
    said = [line.rpartition(", next try in ")[0] for line in capsys.readouterr().err.splitlines()]
    hosts = ["one.example.com", "two.example.com"]
    assert said == [f"usenetsync: waiting for {host}: refused" for host in hosts]
