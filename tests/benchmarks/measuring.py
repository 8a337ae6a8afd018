"""What the benchmarks share: a process run to its end, and what it took.

Wall and CPU time, peak memory as the kernel accounts it, and beside it the PostgreSQL of a home
of UsenetSync, a process tree of its own. It knows nothing of what is compared.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

REPOSITORY = Path(__file__).resolve().parents[2]
USENETSYNC = [sys.executable, "-m", "usenetsync_tui"]
_LAST_WORDS = 20_000
"""Bytes of what a command said before it failed: room for the picture of a screen."""
_TICKS = os.sysconf("SC_CLK_TCK")

# A program that is installed has its bytecode.
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


class FailedError(RuntimeError):
    """A side did not do its work; the words say why."""


@dataclass(frozen=True, slots=True)
class Run:
    """One measured process, its ended children included: seconds, and bytes at its peak.

    Of its database (None: it has none) memory and CPU time as well, for that is another process
    tree. `more` has what only the case knows.
    """

    wall: float
    cpu: float
    memory: int
    database: int | None = None
    database_cpu: float | None = None
    more: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Contestant:
    """A command to measure; `prepare` is run before it, `clean` after it, both unmeasured."""

    command: list[str]
    env: Mapping[str, str] = field(default_factory=dict)
    prepare: Callable[[], None] = lambda: None
    home: Path | None = None
    """The home of its database, which runs already."""
    clean: Callable[[], None] = lambda: None
    tells: bool = False
    """Whether it prints a JSON object of figures, for `Run.more`."""


def measure(contestant: Contestant) -> Run:
    """Run it to its end; `FailedError` with the command's last words."""
    try:
        contestant.prepare()
        os.sync()
        return _run(contestant)
    finally:
        contestant.clean()


def _run(contestant: Contestant) -> Run:
    before = postgres_cpu(contestant.home)
    with (
        tempfile.TemporaryFile() as said,
        tempfile.TemporaryFile() as told,
        watched(contestant.home) as database,
    ):
        begin = time.perf_counter()
        process = subprocess.Popen(
            contestant.command,
            env=ENVIRONMENT | dict(contestant.env),
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=told if contestant.tells else subprocess.DEVNULL,
            stderr=said,
        )
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:  # SIGTERM, ^C: what runs has to end before its files are removed
            process.terminate()
            process.wait()
            raise
        wall = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            words = said.read()[-_LAST_WORDS:].decode(errors="replace")
            raise FailedError(
                f"{' '.join(contestant.command[:8])}: exit code {process.returncode}\n{words}"
            )
        told.seek(0)
        more = json.load(told) if contestant.tells else {}
    cpu = usage.ru_utime + usage.ru_stime
    after = postgres_cpu(contestant.home)
    database_cpu = None if before is None or after is None else after - before
    return Run(wall, cpu, usage.ru_maxrss * 1024, max(database, default=None), database_cpu, more)


@contextmanager
def watched(home: Path | None) -> Iterator[list[int]]:
    """Sample the memory of the postgres processes of `home` while the block runs."""
    samples: list[int] = []
    if home is None:
        yield samples
        return
    done = Event()

    def sample() -> None:
        while not done.wait(1.0):
            if memory := postgres_memory(home):
                samples.append(memory)

    thread = Thread(target=sample)
    thread.start()
    try:
        yield samples
    finally:
        done.set()
        thread.join()


def postgres_memory(home: Path) -> int:
    """Proportional resident bytes of the home's server; 0 when not found."""
    return sum(map(proportional_memory, postgres_processes(home)))


def postgres_cpu(home: Path | None) -> float | None:
    """Seconds the home's server has used so far, those of its ended children included."""
    ticks, found = 0, False
    processes = postgres_processes(home) if home else []
    for pid in reversed(processes):  # children first: the server has the time of ended ones
        try:
            times = process_stat(pid)[11:15]  # utime, stime, those of reaped children (proc(5))
        except (FileNotFoundError, ProcessLookupError):
            continue
        found = True
        ticks += sum(map(int, times if pid == processes[0] else times[:2]))
    return ticks / _TICKS if found else None


def postgres_processes(home: Path) -> list[int]:
    """The server whose data is below `home`, then its children; empty when not found."""
    server, children = 0, []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "comm").read_text() != "postgres\n":
                continue
            if os.fsencode(home) in (process / "cmdline").read_bytes():
                server = int(process.name)
            children.append((int(process.name), int(process_stat(int(process.name))[1])))
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended meanwhile
    if not server:
        return []
    return [server, *(pid for pid, parent in children if parent == server)]


def process_stat(pid: int) -> list[str]:
    """The fields of ``/proc/PID/stat`` after the name: state, parent…"""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def cpu_seconds(pid: int) -> float:
    """What a process and its ended children have used."""
    return sum(map(int, process_stat(pid)[11:15])) / _TICKS


def peak_memory(pid: int) -> int:
    """The most that a running process has had resident so far, in bytes (VmHWM of proc(5))."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def proportional_memory(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def do(home: Path, *words: str) -> str:
    """Run our command to its end, unmeasured; what it printed. `FailedError` when it fails."""
    command = [*USENETSYNC, *words]
    env = ENVIRONMENT | {"USENETSYNC_HOME": str(home)}
    done = subprocess.run(
        command, env=env, cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = done.stderr[-2_000:]
        raise FailedError(f"{' '.join(command)}: exit code {done.returncode}\n{said}")
    return done.stdout


def started_home(home: Path) -> None:
    """An empty home with default settings, its database running, its catalogue made."""
    fresh_home(home)
    make_catalogue(home)


def make_catalogue(home: Path) -> None:
    """Start the database of a home and make its tables, as ``restic init`` does for its peer.

    It happens once in the life of a home, so no side is measured with it.
    """
    do(home, "db", "start")
    do(home, "folders")


def fresh_home(home: Path) -> None:
    """An empty home, its database stopped if one was running."""
    stop_database(home)
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    home.chmod(0o711)  # as root the database is another user's process


def stop_database(home: Path) -> None:
    """Stop the embedded server of a home, if the home is there."""
    if home.exists():
        do(home, "db", "stop")


def with_support(code: str, *words: str) -> str:
    """Run Python that needs the tests' own tools; what it printed.

    In a process of its own: at exec the kernel adds the parent's peak memory to a child's, so
    this process stays small.
    """
    path = str(REPOSITORY / "tests" / "support")
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        env=ENVIRONMENT | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise FailedError(done.stderr[-2_000:])
    return done.stdout
