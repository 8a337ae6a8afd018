"""Functions that the tests of stopping share: provoked waits, and signals during them.

`measured` records the time of each stop; `--every-stop` prints the slowest of each wait.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from acceptance_command import Command
from data_folder import data_folder
from news_home import configure, server_table
from scripted_server import ScriptedServer
from terminals import Terminal, is_clean
from trees import compare_trees, content
from worlds import LEDGER

from usenetsync_tui.postgres.lock import KEY

SIGNALS = TERM, INT, HUP = signal.SIGTERM, signal.SIGINT, signal.SIGHUP
ENDED_WITHIN = 4.0
SLOW_NAMES = (
    sys.executable,
    "-c",
    "import socket, time; socket.getaddrinfo = lambda *_, **__: time.sleep(600)\n"
    "from usenetsync_tui.cli.command import main; main()",
)
"""The command on a machine whose name server does not answer."""


measured: dict[str, list[float]] = defaultdict(list)
"""The wait → how many seconds each stop took."""


@dataclass
class Kept:
    """A folder on Usenet, with more to upload, and ways to reach no server."""

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
        """Add a file that is not posted yet, whatever the tests before have finished."""
        number = len(list(self.tree.iterdir()))
        (self.tree / f"more{number}").write_bytes(content(300_000, seed=10 + number))

    def lose_article(self) -> None:
        """Lose an article that `verify` then misses and posts again."""
        posted = [wire_id for wire_id in self.server.posted if wire_id in self.server.articles]
        del self.server.articles[posted[-1]]

    def settings(self, host: str = "", port: int = 0, **keys: object) -> None:
        """Write the settings with a server."""
        host, port = host or self.server.host, port or self.server.port
        table = server_table(self.server).replace(self.server.host, host)
        table = table.replace(f"port = {self.server.port}", f"port = {port}")
        configure(self.command.home, table, **keys)


@contextmanager
def kept_folder() -> Iterator[Kept]:
    """A home with a backed-up folder; at the end it must be complete, whatever was stopped."""
    with data_folder("usa-") as home:
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
            # Nothing is lost or damaged, whatever the tests stopped.
            kept.settings()
            command("upload", tree)
            command("restore", "tree", home / "out")
            assert compare_trees(tree, home / "out") == []
            for words, sql in LEDGER.items():
                assert command.query(sql) == [], words
            command.server.stop()


@contextmanager
def silent_port() -> Iterator[int]:
    """Accepts connections, and sends nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=200) as listener:
        yield listener.getsockname()[1]


def refused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def until_waiting(process: subprocess.Popen[str], text: str) -> None:
    """Return when a `--json` command reports what it waits for."""
    assert process.stdout is not None
    heard = []
    for line in process.stdout:
        heard.append(line)
        event = json.loads(line)
        if text in (event.get("waiting") or ""):
            return
    raise AssertionError(f"it ended: {heard} {process.stderr and process.stderr.read()}")


def until_said(process: subprocess.Popen[str], text: str) -> None:
    """Return when a command that prints reports on standard error what it waits for."""
    assert process.stderr is not None
    heard = []
    for line in process.stderr:
        heard.append(line)
        if text in line:
            return
    raise AssertionError(f"it ended: {heard} {process.stdout and process.stdout.read()}")


def assert_stops(process: subprocess.Popen[str], signum: int, wait: str) -> None:
    began = time.monotonic()
    process.send_signal(signum)
    out, err = process.communicate(timeout=60)
    took = time.monotonic() - began
    measured[wait].append(took)
    assert process.returncode == 130, (process.args, process.returncode, out, err)
    assert took < ENDED_WITHIN, (process.args, took)
    assert "Traceback" not in err


def assert_all_stop(
    command: Command, runs: Mapping[int, list[str]], text: str, **environment: str
) -> None:
    """Run several verbs at once, and stop each by its signal."""
    started = {
        signum: command.start(*arguments, "--json", **environment)
        for signum, arguments in runs.items()
    }
    for signum, process in started.items():
        until_waiting(process, text)
        assert_stops(process, signum, text)


def turns(
    request: pytest.FixtureRequest, verbs: Mapping[str, list[str]], *, sample: int = 0
) -> list[dict[int, list[str]]]:
    """A signal for each verb; with `--every-stop` each signal for each verb.

    `sample`: the pairs of verb and signal to use without it, so that waits do not all use the same.
    """
    some, signals = list(verbs.values()), list(SIGNALS)
    every = [dict(zip(signals[n:] + signals[:n], some, strict=False)) for n in range(3)]
    return every if request.config.getoption("--every-stop") else [every[sample]]


@contextmanager
def started_by_another(home: Path) -> Iterator[None]:
    """Hold the lock on the start of the embedded server during the block."""
    data = home / "data"
    data.mkdir(parents=True, mode=0o700)
    home.chmod(0o711)
    data.chmod(0o711)
    with (data / "start.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write("5628\n")
        file.flush()
        yield


@contextmanager
def held_by_another(conninfo: str) -> Iterator[None]:
    """Hold the catalogue during the block."""
    name = "usenetsync upload pid 5628 on elsewhere"
    with psycopg.connect(conninfo, application_name=name, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (KEY,))
        yield


@contextmanager
def frozen(command: Command) -> Iterator[None]:
    """Freeze the embedded database: its server and all its processes."""
    postmaster = command.server.status().pid
    assert postmaster is not None
    os.kill(postmaster, signal.SIGSTOP)  # from here on the server starts no other process
    processes = [postmaster, *_children(postmaster)]
    try:
        for process in processes:
            os.kill(process, signal.SIGSTOP)
        yield
    finally:
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)


def _children(parent: int) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[1]) == parent:
                found.append(int(folder.name))
    return found


KEYS = {"q": [b"q"], "q, drain": [b"q", b"d"], "q, at once": [b"q", b"n"]}
"""The keys that end the screen; the second one answers its question."""

Ending = int | str
"""A signal, or one of `KEYS`."""


def assert_screen_stops(command: Command, tree: Path, text: bytes, *endings: Ending) -> None:
    """A screen for each way of ending it, once it shows what it waits for."""
    for ending in endings:
        with Screen(command, tree, text) as screen:
            screen.ends(ending)


class Screen:
    """A screen on a terminal of its own that waits for something."""

    def __init__(self, command: Command, tree: Path, text: bytes) -> None:
        """`text`: a part of what it then shows."""
        self._text = text
        program = [sys.executable, "-m", "usenetsync_tui", "tui", str(tree)]
        self.terminal = Terminal(program, command.environment)

    def __enter__(self) -> Screen:
        return self

    def __exit__(self, *_: object) -> None:
        self.terminal.close()

    def until_said(self, text: bytes) -> None:
        """Return when a text is on the screen."""
        self.terminal.read_until(lambda: text in self.terminal.output, 40)

    def ends(self, ending: Ending) -> None:
        """Check that it ends soon and leaves the terminal as it was."""
        self.until_said(self._text)
        terminal = self.terminal
        began = time.monotonic()
        if isinstance(ending, str):
            code = 0
            self._type(KEYS[ending])
        else:
            code = 128 + ending
            terminal.process.send_signal(ending)
        ended = terminal.wait(60)
        took = time.monotonic() - began
        measured[f"screen, {self._text.decode()}"].append(took)
        assert ended == code, (ended, terminal.output[-2000:])
        assert took < ENDED_WITHIN, (ending, self._text, took)
        assert ending == HUP or is_clean(terminal)
        assert b"Traceback" not in terminal.output

    def _type(self, keys: Sequence[bytes]) -> None:
        first, *answers = keys
        os.write(self.terminal.end, first)
        for answer in answers:
            self.terminal.read_until(lambda: b"Drain and quit" in self.terminal.output)
            os.write(self.terminal.end, answer)
