"""Posting over a long link: how much of what the connections can carry is used.

Run ``python tests/benchmarks/latency.py [--size 3e9] [--delay 0.05] [--connections 20]``. The
sink delays every answer by one round trip. A connection that waits for POST's 340 and then for
the 240 (RFC 3977, 6.3.1) spends two round trips an article, and the time to send it; so so many
connections can carry

    connections × article bytes / (send time + 2 round trips)

Send time is what a bare socket needs for one ready-made article without the delay, on this
machine, while nothing else happens: the strictest there is. The share is of the sink's bytes
from its first POST to its last answer, and, below it, of the whole command with its start.
"""

from __future__ import annotations

import argparse
import shutil
import socket
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from measuring import Contestant, Run, measure
from posting import Sink, certify, random_files, usenetsync

ARTICLES = 50


def send_time(sink: Sink, article: bytes) -> float:
    """Seconds from the first byte of an article to its answer, over loopback, undelayed."""
    times = []
    with sink.running():
        address = ("127.0.0.1", sink.port)
        with socket.create_connection(address) as client, client.makefile("rb") as answers:
            answers.readline()
            for _ in range(ARTICLES):
                client.sendall(b"POST\r\n")
                answers.readline()
                begin = time.perf_counter()
                client.sendall(article)
                answers.readline()
                times.append(time.perf_counter() - begin)
            client.sendall(b"QUIT\r\n")
            answers.readline()
    return median(times)


def report(runs: list[tuple[Run, dict[str, float]]], *, delay: float, connections: int) -> None:
    size = median(counted["bytes"] / counted["articles"] for _, counted in runs)
    sending = send_time(Sink(), b"x" * (int(size) - 5) + b"\r\n.\r\n")
    possible = connections * size / (sending + 2 * delay)
    print(f"\narticles of {size:,.0f} bytes, sent in {sending * 1e3:.2f} ms; {delay * 1e3:.0f} ms")
    print(f"{connections} connections can carry {possible / 1e6:.1f} MB/s")
    posting = [counted["bytes"] / counted["seconds"] / possible for _, counted in runs]
    whole = [counted["bytes"] / run.wall / possible for run, counted in runs]
    for name, shares in (("while it posts", posting), ("start to end", whole)):
        each = ", ".join(f"{share:.1%}" for share in shares)
        print(f"share {name:16}{median(shares):8.1%}   (rounds: {each})")


def compete(contestant: Contestant, sink: Sink, size: int) -> tuple[Run, dict[str, float]]:
    with sink.running() as counted:
        run = measure(contestant)
    if counted["bytes"] < size:
        sys.exit(f"posted less than there is: {counted}")
    print(
        f"  {run.wall:.2f} s, posting {counted['seconds']:.2f} s, {run.cpu:.2f} s CPU, "
        f"{run.memory / 1e6:.0f} MB, {counted['connections']:.0f} connections",
        flush=True,
    )
    return run, counted


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--size", type=float, default=3e9, help="bytes (default 3e9)")
    parser.add_argument("--delay", type=float, default=0.05, help="seconds (default 0.05)")
    parser.add_argument("--connections", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--profile", choices=["plain", "sealed"], default="plain")
    parser.add_argument("--scratch", type=Path, help="folder for the files and the catalogue")
    args = parser.parse_args()
    scratch = Path(tempfile.mkdtemp(prefix="usenetsync-bench-", dir=args.scratch))
    scratch.chmod(0o711)
    contestant: Contestant | None = None
    try:
        sink = Sink(certify(scratch / "certificates") if args.tls else None, args.delay)
        with sink.running():
            pass  # from now on its port is known
        files = random_files(scratch / "source", int(args.size), count=30)
        contestant = usenetsync(
            files[0].parent,
            scratch,
            sink=sink,
            profile=args.profile,
            connections=args.connections,
        )
        size = sum(path.stat().st_size for path in files)
        runs = [compete(contestant, sink, size) for _ in range(args.rounds)]
        report(runs, delay=args.delay, connections=args.connections)
    finally:
        if contestant is not None:
            contestant.clean()
        shutil.rmtree(scratch)


if __name__ == "__main__":
    main()
