"""SIGINT, SIGTERM and SIGHUP in each of the waits of each verb, and of the screen.

Each wait says what it is for, ends within two seconds of the signal (twice that is allowed here),
with exit code 130, and the same command goes on from there. Each verb, wait and signal is tried in
some of its combinations, all of them with `--every-stop` (5 minutes).
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import anyio
import pytest
from acceptance_command import Command
from news_home import configure, server_table
from scripted_server import Fault, ScriptedServer
from terminals import Terminal, is_clean
from trees import compare_trees, content
from worlds import LEDGER

from usenetsync_tui.cli.options import Voice
from usenetsync_tui.cli.output import progress
from usenetsync_tui.model.waiting import Waiting, Waits

TERM, INT, HUP = signal.SIGTERM, signal.SIGINT, signal.SIGHUP
ENDED_WITHIN = 4.0
SLOW_NAMES = (
    sys.executable,
    "-c",
    "import socket, time; socket.getaddrinfo = lambda *_, **__: time.sleep(600)\n"
    "from usenetsync_tui.cli.command import main; main()",
)
"""The command on a machine whose name server does not answer."""


@dataclass
class Kept:
    """A folder on Usenet, with more to upload, and ways to meet no server."""

    command: Command
    server: ScriptedServer
    tree: Path

    def verbs(self, tmp_path: Path) -> dict[str, list[str]]:
        """The arguments of each verb."""
        return {
            "upload": ["upload", str(self.tree)],
            "restore": ["restore", "tree", str(tmp_path / "out")],
            "verify": ["verify", "tree"],
        }

    def add_file(self) -> None:
        """Something that is not posted yet, whatever the tests before have finished."""
        number = len(list(self.tree.iterdir()))
        (self.tree / f"more{number}").write_bytes(content(300_000, seed=10 + number))

    def settings(self, host: str = "", port: int = 0, **keys: object) -> None:
        """Write the settings with a server."""
        host, port = host or self.server.host, port or self.server.port
        table = server_table(self.server).replace(self.server.host, host)
        table = table.replace(f"port = {self.server.port}", f"port = {port}")
        configure(self.command.home, table, **keys)


@pytest.fixture(scope="module")
def kept() -> Iterator[Kept]:
    home = Path(tempfile.mkdtemp(prefix="usa-", dir="/tmp"))
    home.chmod(0o711)
    command, tree = Command(home), home / "tree"
    tree.mkdir()
    (tree / "large").write_bytes(content(3_000_000))
    with ScriptedServer() as server:
        kept = Kept(command, server, tree)
        command("db", "start")
        kept.settings()
        command("upload", tree)
        (tree / "new").write_bytes(content(2_000_000, seed=1))
        yield kept
        # Nothing was lost, and nothing is wrong, whatever was stopped.
        kept.settings()
        command("upload", tree)
        command("restore", "tree", home / "out")
        assert compare_trees(tree, home / "out") == []
        for words, sql in LEDGER.items():
            assert command.query(sql) == [], words
        command.server.stop()
    shutil.rmtree(home)


@contextmanager
def silent_port() -> Iterator[int]:
    """Takes connections, and says nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=200) as listener:
        yield listener.getsockname()[1]


def refused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def until_waiting(process: subprocess.Popen[str], text: str) -> None:
    """Return when a `--json` command says that it waits for something."""
    assert process.stdout is not None
    heard = []
    for line in process.stdout:
        heard.append(line)
        event = json.loads(line)
        if text in (event.get("waiting") or ""):
            return
    raise AssertionError(f"it ended: {heard} {process.stderr and process.stderr.read()}")


def assert_stops(process: subprocess.Popen[str], signum: int) -> None:
    began = time.monotonic()
    process.send_signal(signum)
    out, err = process.communicate(timeout=60)
    took = time.monotonic() - began
    assert process.returncode == 130, (process.args, process.returncode, out, err)
    assert took < ENDED_WITHIN, (process.args, took)
    assert "Traceback" not in err


def assert_all_stop(
    command: Command, runs: Mapping[int, list[str]], text: str, **environment: str
) -> None:
    """Several verbs at once, each stopped by its signal."""
    started = {
        signum: command.start(*arguments, "--json", **environment)
        for signum, arguments in runs.items()
    }
    for signum, process in started.items():
        until_waiting(process, text)
        assert_stops(process, signum)


def every_turn(
    request: pytest.FixtureRequest, verbs: dict[str, list[str]]
) -> list[dict[int, list[str]]]:
    """A signal for each verb; with `--every-stop` each signal for each verb."""
    some = [verbs["upload"], verbs["restore"], verbs["verify"]]
    turns = range(3 if request.config.getoption("--every-stop") else 1)
    return [dict(zip((TERM, INT, HUP), some[n:] + some[:n], strict=True)) for n in turns]


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
        groups = [{signum: verb} for verb in verbs for signum in (TERM, INT, HUP)]
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


def test_the_schedule_of_checks_and_the_lock(kept: Kept, tmp_path: Path) -> None:
    kept.add_file()
    kept.settings(check_delays=[600.0])
    upload = kept.verbs(tmp_path)["upload"]
    first = kept.command.start(*upload, "--json")
    until_waiting(first, "checking ")
    second = kept.command.start(*upload, "--json")
    until_waiting(second, f"waiting for another usenetsync (pid {first.pid})")
    assert_stops(second, TERM)
    assert_stops(first, HUP)


def test_between_two_tries(kept: Kept, tmp_path: Path) -> None:
    kept.add_file()
    kept.settings(retry_backoff=60.0)
    kept.server.script(Fault("article", reply="441 Posting failed", times=4))
    try:
        run = {TERM: kept.verbs(tmp_path)["upload"]}
        assert_all_stop(kept.command, run, "waiting for 127.0.0.1: 441 Posting failed, next try in")
    finally:
        kept.server.forget()


def test_a_database_that_does_not_answer(
    kept: Kept, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    with silent_port() as port:
        for runs in every_turn(request, kept.verbs(tmp_path)):
            assert_all_stop(
                kept.command,
                runs,
                "waiting for the database: it has not answered yet",
                USENETSYNC_DATABASE_URL=f"postgresql://me@127.0.0.1:{port}/none",
            )


@contextmanager
def started_by_another(home: Path) -> Iterator[None]:
    """Somebody decides about the embedded server, for ever."""
    data = home / "data"
    data.mkdir(parents=True, mode=0o700)
    home.chmod(0o711)
    data.chmod(0o711)
    with (data / "start.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write("5628\n")
        file.flush()
        yield


def test_the_start_of_the_database(
    kept: Kept, home: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    command = Command(home)
    with started_by_another(home):
        for runs in every_turn(request, kept.verbs(tmp_path)):
            words = "waiting for the database: Another usenetsync (pid 5628) is starting"
            assert_all_stop(command, runs, words)


def test_the_screen(kept: Kept, home: Path, request: pytest.FixtureRequest) -> None:
    kept.add_file()
    every = (TERM, HUP) if request.config.getoption("--every-stop") else ()
    kept.settings(port=refused_port())
    for signum in every or (TERM,):
        assert_screen_stops(kept.command, kept.tree, b"No connection to", signum)
    with started_by_another(home):
        for signum in every or (HUP,):
            assert_screen_stops(Command(home), kept.tree, b"Another usenetsync (pid 5628)", signum)


def assert_screen_stops(command: Command, tree: Path, text: bytes, signum: int) -> None:
    program = [sys.executable, "-m", "usenetsync_tui", "tui", str(tree)]
    terminal = Terminal(program, command.environment)
    try:
        terminal.read_until(lambda: text in terminal.output)
        began = time.monotonic()
        terminal.process.send_signal(signum)
        assert terminal.wait(60) == 128 + signum
        assert time.monotonic() - began < ENDED_WITHIN
        assert signum == HUP or is_clean(terminal)
    finally:
        terminal.close()


def test_one_line_at_once(kept: Kept) -> None:
    kept.add_file()
    kept.settings(port=refused_port())
    program = [sys.executable, "-m", "usenetsync_tui", "upload", str(kept.tree)]
    terminal = Terminal(program, kept.command.environment)
    try:
        terminal.read_until(lambda: b"waiting for 127.0.0.1: No connection" in terminal.output)
        os.write(terminal.end, b"\x03")
        assert terminal.wait(60) == 130
        assert b"Stopping: finishing what was sent. Press Ctrl+C again" in terminal.output
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
    assert_stops(process, TERM)


@pytest.mark.anyio
async def test_a_wait_in_a_pipe_is_said_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "_WORTH_A_LINE", 0.3)
    monkeypatch.setattr(progress, "_EVERY_BAR", 0.01)
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
