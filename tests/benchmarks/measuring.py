"""What the benchmarks share: a process run to its end, and what it took.

Wall and CPU time, peak memory as the kernel accounts it, and beside it the PostgreSQL of a home
of UsenetSync, a process tree of its own. It knows nothing of what is compared.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

REPOSITORY = Path(__file__).resolve().parents[2]
USENETSYNC = [sys.executable, "-m", "usenetsync_tui"]
_TICKS = os.sysconf("SC_CLK_TCK")

# A program that is installed has its bytecode.
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


@dataclass(frozen=True, slots=True)
class Run:
    """One measured process; of its database (None: it has none) memory and CPU time as well."""

    wall: float
    cpu: float
    memory: int
    database: int | None
    database_cpu: float | None


@dataclass(slots=True)
class Contestant:
    """A command to measure; `prepare` is run before it, `clean` after it, both unmeasured."""

    name: str
    command: list[str]
    env: dict[str, str] = field(default_factory=dict)
    prepare: Callable[[], None] = lambda: None
    home: Path | None = None
    clean: Callable[[], None] = lambda: None
    per_file: bool = True
    runs: list[Run] = field(default_factory=list)


def measure(contestant: Contestant) -> Run:
    """Run it to its end; a failure ends the benchmark with the command's last words."""
    contestant.prepare()
    os.sync()
    before = postgres_cpu(contestant.home)
    with tempfile.TemporaryFile() as said, watched(contestant.home) as database:
        begin = time.perf_counter()
        process = subprocess.Popen(
            contestant.command,
            env=ENVIRONMENT | contestant.env,
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            words = said.read()[-2_000:].decode(errors="replace")
            sys.exit(f"{' '.join(contestant.command)}: exit code {process.returncode}\n{words}")
    cpu = usage.ru_utime + usage.ru_stime
    after = postgres_cpu(contestant.home)
    contestant.clean()
    database_cpu = None if before is None or after is None else after - before
    return Run(wall, cpu, usage.ru_maxrss * 1024, max(database, default=None), database_cpu)


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


def proportional_memory(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def fresh_home(home: Path) -> None:
    """An empty home, its database stopped if one was running."""
    stop_database(home)
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    home.chmod(0o711)  # as root the database is another user's process


def stop_database(home: Path) -> None:
    """Stop the embedded server of a home, if the home is there."""
    if not home.exists():
        return
    command = [*USENETSYNC, "db", "stop"]
    env = os.environ | {"USENETSYNC_HOME": str(home)}
    done = subprocess.run(
        command, env=env, cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    if done.returncode:
        print(f"{' '.join(command)}: exit code {done.returncode}: {done.stderr.strip()}")
