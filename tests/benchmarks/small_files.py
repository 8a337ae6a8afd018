"""Uploading many small files, beside what else one could do with them.

Run ``python tests/benchmarks/small_files.py [--files 200000] [--rounds 3] [--tree DIR]
[--double]``. In one run, alternating, each as a whole process from start to end:

find              list them with size and mtime: what a scan costs at least
sha256sum         ``find -print0 | xargs -0 sha256sum``: what reading and hashing costs
restic            ``restic backup`` into a fresh repository, then again (when installed)
usenetsync        ``upload --store shards`` into a fresh catalogue, then again

Wall and CPU time (user + system, children included) are medians; peak memory is the largest
process' resident size as the kernel accounts it (this script's own, some 20 MB, is the least
it can say). PostgreSQL is a process tree of its own:
its memory (proportional, shared buffers counted once) has its own column and its CPU is not
in ours; starting it is a line of its own, as it is not part of every upload. The page cache
is warm: the tree is read once before. ``--double`` uploads twice as many files as well, to
show that memory does not grow with them.
"""

from __future__ import annotations

import argparse
import json
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
from statistics import median
from threading import Event, Thread

REPOSITORY = Path(__file__).resolve().parents[2]
SEED = 1
# In a process of its own: at exec the kernel adds the parent's peak to a child's.
_BUILD = """
import pathlib, sys, trees
print(trees.small_files(pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
"""


@dataclass(frozen=True, slots=True)
class Run:
    """One measured process: seconds, seconds, bytes, bytes (None: no database)."""

    wall: float
    cpu: float
    memory: int
    database: int | None


@dataclass(slots=True)
class Contestant:
    """A command to measure; `prepare` is run before it, unmeasured."""

    name: str
    command: list[str]
    env: dict[str, str] = field(default_factory=dict)
    prepare: Callable[[], None] = lambda: None
    home: Path | None = None
    per_file: bool = True
    runs: list[Run] = field(default_factory=list)


def measure(contestant: Contestant) -> Run:
    """Run it to its end; a failure ends the benchmark with the command's last words."""
    contestant.prepare()
    os.sync()
    with tempfile.TemporaryFile() as said, watched(contestant.home) as database:
        begin = time.perf_counter()
        process = subprocess.Popen(
            contestant.command,
            env=os.environ | contestant.env,
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
    return Run(wall, cpu, usage.ru_maxrss * 1024, max(database, default=None))


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
    """Proportional resident bytes of the server whose data is below `home`; 0 when not found."""
    server, children = 0, []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "comm").read_text() != "postgres\n":
                continue
            if os.fsencode(home) in (process / "cmdline").read_bytes():
                server = int(process.name)
            parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            children.append((int(process.name), parent))
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended meanwhile
    ours = [pid for pid, parent in children if server and server in (pid, parent)]
    return sum(proportional_memory(pid) for pid in ours)


def proportional_memory(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def tools(tree: Path) -> list[Contestant]:
    path = str(tree)
    return [
        Contestant("find", ["find", path, "-type", "f", "-printf", "%s %T@ %p\\0"]),
        Contestant(
            "sha256sum",
            ["sh", "-c", 'find "$1" -type f -print0 | xargs -0 sha256sum', "sh", path],
        ),
    ]


def restic(tree: Path, scratch: Path) -> list[Contestant]:
    if shutil.which("restic") is None:
        print("restic is not installed: left out (Debian package restic)")
        return []
    repository = scratch / "restic"
    env = {"RESTIC_PASSWORD": "x", "RESTIC_CACHE_DIR": str(scratch / "restic-cache")}
    base = ["restic", "--quiet", "--repo", str(repository)]

    def fresh() -> None:
        shutil.rmtree(repository, ignore_errors=True)
        shutil.rmtree(scratch / "restic-cache", ignore_errors=True)
        subprocess.run([*base, "init"], env=os.environ | env, check=True, capture_output=True)

    backup = [*base, "backup", str(tree)]
    return [
        Contestant("restic, first", backup, env, fresh),
        Contestant("restic, again", backup, env),
    ]


def usenetsync(tree: Path, scratch: Path, label: str = "") -> list[Contestant]:
    home = scratch / "usenetsync-home"
    env = {"USENETSYNC_HOME": str(home)}
    base = [sys.executable, "-m", "usenetsync_tui"]
    upload = [*base, "upload", str(tree), "--store", "shards", "--json"]

    def fresh() -> None:
        stop_database(scratch)
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir()
        home.chmod(0o711)  # as root the database is another user's process

    start = [*base, "db", "start", "--json"]
    return [
        Contestant(f"usenetsync db start{label}", start, env, fresh, per_file=False),
        Contestant(f"usenetsync, first{label}", upload, env, home=home),
        Contestant(f"usenetsync, again{label}", upload, env, home=home),
    ]


def stop_database(scratch: Path) -> None:
    home = scratch / "usenetsync-home"
    if not home.exists():
        return
    command = [sys.executable, "-m", "usenetsync_tui", "db", "stop"]
    env = os.environ | {"USENETSYNC_HOME": str(home)}
    done = subprocess.run(
        command, env=env, cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    if done.returncode:
        print(f"{' '.join(command)}: exit code {done.returncode}: {done.stderr.strip()}")


def build(tree: Path, files: int) -> int:
    """The tree of so many files, made if it is not there yet; returns its bytes."""
    note = tree.with_name(tree.name + ".json")
    wanted = {"files": files, "seed": SEED}
    if note.exists() and tree.exists():
        found = json.loads(note.read_text())
        if {key: found.get(key) for key in wanted} == wanted:
            return int(found["bytes"])
        sys.exit(f"{tree} is another tree ({note.read_text()}): remove it or name another")
    begin = time.perf_counter()
    command = [sys.executable, "-c", _BUILD, str(tree), str(files), str(SEED)]
    done = subprocess.run(
        command, cwd=REPOSITORY / "tests", stdout=subprocess.PIPE, text=True, check=True
    )
    size = int(done.stdout)
    note.write_text(json.dumps(wanted | {"bytes": size}))
    print(f"made {files:,} files, {size / 1e6:,.0f} MB in {time.perf_counter() - begin:.0f} s")
    return size


def warm(tree: Path) -> None:
    command = 'find "$1" -type f -print0 | xargs -0 cat > /dev/null'
    subprocess.run(["sh", "-c", command, "sh", str(tree)], check=True)


def compete(contestants: list[Contestant], rounds: int) -> None:
    for number in range(1, rounds + 1):
        for contestant in contestants:
            run = measure(contestant)
            contestant.runs.append(run)
            print(f"  round {number}: {contestant.name:28}{run.wall:8.2f} s", flush=True)


def table(contestants: list[Contestant], files: int, size: int) -> None:
    walls = {c.name: median(run.wall for run in c.runs) for c in contestants}
    base = walls.get("sha256sum")
    print(f"\n{files:,} files, {size / 1e6:,.0f} MB; medians of {len(contestants[0].runs)} rounds")
    titles = f"{'':28}{'wall s':>8}{'min–max':>14}{'files/s':>10}{'MB/s':>8}"
    print(f"{titles}{'CPU s':>8}{'peak MB':>9}{'postgres MB':>13}{'÷ sha256sum':>13}")
    for contestant in contestants:
        runs, wall = contestant.runs, walls[contestant.name]
        least, most = min(run.wall for run in runs), max(run.wall for run in runs)
        memory = max(run.memory for run in runs) / 1e6
        cpu = median(run.cpu for run in runs)
        databases = [run.database for run in runs if run.database is not None]
        database = f"{max(databases) / 1e6:13.0f}" if databases else f"{'':13}"
        rates = f"{files / wall:10,.0f}{size / 1e6 / wall:8.0f}"
        ratio = f"{wall / base:13.2f}" if base and contestant.per_file else ""
        print(
            f"{contestant.name:28}{wall:8.2f}{f'{least:.2f}–{most:.2f}':>14}"
            f"{rates if contestant.per_file else '':18}{cpu:8.2f}{memory:9.0f}{database}{ratio}"
        )
    for ours, theirs in (
        ("usenetsync, first", "restic, first"),
        ("usenetsync, again", "restic, again"),
        ("usenetsync, again", "find"),
    ):
        if ours in walls and theirs in walls:
            print(f"{ours} ÷ {theirs}: {walls[ours] / walls[theirs]:.2f}")


def peak(contestants: list[Contestant]) -> float:
    return max(run.memory for c in contestants if c.per_file for run in c.runs) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--files", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tree", type=Path, help="keep the tree here for the next run")
    parser.add_argument("--scratch", type=Path, help="folder for repositories and catalogues")
    parser.add_argument("--double", action="store_true", help="and twice as many files")
    parser.add_argument("--peers-only", action="store_true", help="leave usenetsync out")
    args = parser.parse_args()
    scratch = Path(tempfile.mkdtemp(prefix="usenetsync-bench-", dir=args.scratch))
    scratch.chmod(0o711)
    try:
        tree = (args.tree or scratch / "tree").absolute()
        size = build(tree, args.files)
        warm(tree)
        contestants = tools(tree) + restic(tree, scratch)
        if not args.peers_only:
            contestants += usenetsync(tree, scratch)
        compete(contestants, args.rounds)
        table(contestants, args.files, size)
        if args.double and not args.peers_only:
            twice = tree.with_name(tree.name + "-double")
            size = build(twice, 2 * args.files)
            warm(twice)
            doubled = usenetsync(twice, scratch, ", double")
            compete(doubled, 1)
            table(doubled, 2 * args.files, size)
            before, after = peak(contestants[-2:]), peak(doubled)
            print(
                f"peak memory: {before:.0f} MB with {args.files:,} files, {after:.0f} MB with twice"
            )
    finally:
        stop_database(scratch)
        shutil.rmtree(scratch)


if __name__ == "__main__":
    main()
