"""Posting large files, beside Nyuu: how fast bytes leave the machine.

Run ``python tests/benchmarks/post_large.py [--size 5e9] [--rounds 3] [--tls] [--profile plain]``.
Round by round, each as a whole process from start to end, over the same connections to the same
sink on loopback (tests/benchmarks/sink.py), the files in the page cache:

usenetsync        ``upload --store usenet`` into a fresh catalogue, of each profile: it hashes
                  (BLAKE3) all it reads and writes each article down before it is sent;
                  PostgreSQL runs already
nyuu              0.4.0 from npm, as tests/benchmarks/nyuu.py runs it: it reads, encodes, posts
hashing alone     BLAKE3 of every segment (hashing.py), on all processors: the part
                  of the work that Nyuu has not

Both make articles of 768,000 bytes. MB/s are of the files (10^6 bytes), wall time is the median,
CPU time user + system. The sink's share of the CPU is told because it is of the same processors.
``--tls`` posts TLS 1.3, our side verifying the certificate, Nyuu not. The ratio is of speed, of
the medians and of each pair: 1.10 means that usenetsync was ten percent faster.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import nyuu
from measuring import Contestant, Run, measure
from posting import Sink, certify, random_files, usenetsync

SEGMENT = 768_000
HASHING = Path(__file__).with_name("hashing.py")


@dataclass(slots=True)
class Entry:
    """One poster, and what each round took: of itself and of the sink it posted to."""

    contestant: Contestant
    runs: list[Run] = field(default_factory=list)
    sinks: list[dict[str, float]] = field(default_factory=list)

    def compete(self, sink: Sink, *, size: int, articles: int) -> None:
        with sink.running() as counted:
            self.run(size)
        if counted["articles"] < articles or counted["bytes"] < size:
            sys.exit(f"{self.contestant.name} posted less than there is: {counted}")
        self.sinks.append(counted)

    def run(self, size: int) -> None:
        """Without a sink."""
        run = measure(self.contestant)
        self.runs.append(run)
        print(f"  {self.contestant.name:20}{run.wall:8.2f} s{size / 1e6 / run.wall:8.0f} MB/s")

    @property
    def wall(self) -> float:
        return median(run.wall for run in self.runs)


def table(entries: list[Entry], size: int) -> None:
    titles = f"{'':20}{'wall s':>8}{'min–max':>14}{'MB/s':>8}{'CPU s':>8}{'postgres':>10}"
    print(f"\n{titles}{'sink':>8}{'peak MB':>9}{'postgres MB':>13}{'connections':>13}")
    for entry in entries:
        runs = entry.runs
        least, most = min(run.wall for run in runs), max(run.wall for run in runs)
        cpu = median(run.cpu for run in runs)
        database_cpu = [run.database_cpu for run in runs if run.database_cpu is not None]
        databases = [run.database for run in runs if run.database is not None]
        print(
            f"{entry.contestant.name:20}{entry.wall:8.2f}{f'{least:.2f}–{most:.2f}':>14}"
            f"{size / 1e6 / entry.wall:8.0f}{cpu:8.2f}"
            f"{f'{median(database_cpu):.2f}' if database_cpu else '':>10}"
            f"{_middle([s['cpu_seconds'] for s in entry.sinks]):>8}"
            f"{max(run.memory for run in runs) / 1e6:9.0f}"
            f"{f'{max(databases) / 1e6:.0f}' if databases else '':>13}"
            f"{max((s['connections'] for s in entry.sinks), default=0):13.0f}"
        )


def _middle(figures: list[float]) -> str:
    return f"{median(figures):.2f}" if figures else ""


def ratio(ours: Entry, theirs: Entry) -> None:
    pairs = [t.wall / o.wall for o, t in zip(ours.runs, theirs.runs, strict=True)]
    name = f"{ours.contestant.name} ÷ {theirs.contestant.name}"
    each = ", ".join(f"{pair:.2f}" for pair in pairs)
    print(f"\n{name}: {theirs.wall / ours.wall:.2f} (pair by pair: {each})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--size", type=float, default=5e9, help="bytes (default 5e9)")
    parser.add_argument("--files", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--tls", action="store_true")
    profiles = ("plain", "sealed")
    parser.add_argument("--profile", choices=profiles, action="append", help="this one only")
    parser.add_argument("--scratch", type=Path, help="folder for the files and the catalogue")
    parser.add_argument("--nyuu", type=Path, help="folder where Nyuu is, or is kept for next time")
    args = parser.parse_args()
    if reason := nyuu.available():
        sys.exit(reason)
    scratch = Path(tempfile.mkdtemp(prefix="usenetsync-bench-", dir=args.scratch))
    scratch.chmod(0o711)
    ours: list[Contestant] = []
    try:
        script = nyuu.install((args.nyuu or scratch / "nyuu").absolute())
        sink = Sink(certify(scratch / "certificates") if args.tls else None)
        with sink.running():
            pass  # from now on its port is known
        files = random_files(scratch / "source", int(args.size), args.files)
        sizes = [path.stat().st_size for path in files]
        size, articles = sum(sizes), sum(-(-each // SEGMENT) for each in sizes)
        print(f"{len(files)} files, {size:,} bytes, {articles:,} articles, TLS: {args.tls}")
        ours += [
            usenetsync(
                files[0].parent,
                scratch,
                sink=sink,
                profile=profile,
                connections=args.connections,
            )
            for profile in args.profile or profiles
        ]
        theirs = nyuu.command(
            script, files, port=sink.port, tls=args.tls, connections=args.connections
        )
        entries = [*map(Entry, ours), Entry(Contestant("nyuu", theirs))]
        floor = Entry(Contestant("hashing alone", [sys.executable, str(HASHING), *map(str, files)]))
        for number in range(args.rounds):
            # Whoever goes first goes last in the next round.
            for entry in entries if number % 2 == 0 else reversed(entries):
                entry.compete(sink, size=size, articles=articles)
            floor.run(size)
        table([*entries, floor], size)
        for entry in entries[:-1]:
            ratio(entry, entries[-1])
        if len(ours) > 1:
            ratio(entries[1], entries[0])
    finally:
        for each in ours:
            each.clean()
        shutil.rmtree(scratch)


if __name__ == "__main__":
    main()
