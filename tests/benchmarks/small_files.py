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
from functools import partial
from pathlib import Path
from statistics import median

from measuring import REPOSITORY, USENETSYNC, Contestant, fresh_home, measure, stop_database

SEED = 1
# In a process of its own: at exec the kernel adds the parent's peak to a child's.
_BUILD = """
import pathlib, sys, trees
print(trees.small_files(pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
"""


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
    upload = [*USENETSYNC, "upload", str(tree), "--store", "shards", "--json"]
    start = [*USENETSYNC, "db", "start", "--json"]
    fresh = partial(fresh_home, home)
    return [
        Contestant(f"usenetsync db start{label}", start, env, fresh, per_file=False),
        Contestant(f"usenetsync, first{label}", upload, env, home=home),
        Contestant(f"usenetsync, again{label}", upload, env, home=home),
    ]


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
        stop_database(scratch / "usenetsync-home")
        shutil.rmtree(scratch)


if __name__ == "__main__":
    main()
