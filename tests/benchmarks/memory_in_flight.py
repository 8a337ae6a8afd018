"""What a command has resident at its peak, against `memory_limit` and what it counts.

Each verb is a process of its own, measured as the kernel accounts it (``ru_maxrss``); PostgreSQL
and the server are other processes. A case is limits, compression, connections, and data that shrink
or do not. The base is what an upload of one small file takes; what is above it has to stay within
`memory_limit`.

The server is slow as servers are: it takes and gives each article over a second or so, on each of
many connections, so that whatever may be in flight is.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from .contest import Case, Goal, Round, Row, Scene, Side, Stages
from .measuring import (
    USENETSYNC,
    Contestant,
    FailedError,
    Run,
    do,
    fresh_home,
    measure,
    stop_database,
)
from .sinks import Certificate, Server, certify, configure

SLOW = Path(__file__).with_name("slow_server.py")
VERBS = ("upload", "restore", "verify")
_MIB = 1 << 20


@contextmanager
def slow_server(certificate: Certificate | None) -> Iterator[int]:
    """Its port, while it runs in a process of its own."""
    command = [sys.executable, str(SLOW)]
    if certificate is not None:
        command += ["--tls", str(certificate.server)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


@dataclass(frozen=True, slots=True)
class Limits:
    """Settings, and data."""

    limit: int
    """`memory_limit`, in MiB."""
    workers: int = 8
    compression: str = "lz4"
    connections: int = 0
    """0: the shards store."""
    shrinks: bool = False
    chunk: int = 768_000
    """Bytes a segment."""
    tls: bool = False

    def __str__(self) -> str:
        place = f"{self.connections} connections" if self.connections else "shards"
        data = "text" if self.shrinks else "random"
        words = f"{self.limit} MiB, {self.workers} workers, {self.compression}, {place}, {data}"
        return f"{words}, segments of {self.chunk:,} bytes{', TLS' * self.tls}"


LIMITS = {
    "lzma-random": Limits(64, 32, "lzma"),
    "lzma-text": Limits(64, 32, "lzma", shrinks=True),
    "lz4-random": Limits(64, 32),
    "lz4-text": Limits(64, 32, shrinks=True),
    "slow": Limits(64, 32, connections=200),
    "slow-256": Limits(256, 32, connections=200),
    "slow-4096": Limits(4096, connections=200),
    "tls": Limits(256, 32, connections=200, tls=True),
    "large": Limits(64, 32, chunk=4 << 20),
    "huge": Limits(64, 32, chunk=16 << 20),
    "huge-lzma": Limits(64, 32, "lzma", chunk=4 << 20),
    "huge-slow": Limits(64, 32, connections=200, chunk=4_000_000),
}


def fill(folder: Path, size: int, *, shrinks: bool) -> None:
    """Large files of `size` bytes together, and a tenth as much in small ones."""
    folder.mkdir()

    def data(count: int) -> bytes:
        if shrinks:
            return os.urandom(count // 8).hex().encode() * 4
        return os.urandom(count)

    for number in range(8):
        with open(folder / f"large {number}", "wb") as file:
            for _ in range(size // 8 // _MIB):
                file.write(data(_MIB))
    for number in range(size // 10 // 20_000):
        (folder / f"small {number:05}").write_bytes(data(20_000))


class Verbs:
    """The verbs with some limits."""

    def __init__(self, scratch: Path, limits: Limits) -> None:
        self._scratch, self._limits = scratch, limits
        self._env = {"USENETSYNC_HOME": str(scratch / "home")}

    def run(self, verb: str) -> Run:
        """Measure one; what was restored is compared with what was uploaded."""
        tree, out = self._scratch / "tree", self._scratch / "out"
        how = ["--compression", self._limits.compression]
        words = {
            "one small file": ["upload", str(self._scratch / "one"), *how],
            "upload": ["upload", str(tree), *how],
            "restore": ["restore", "tree", str(out)],
            "verify": ["verify", "tree", "--body"],
        }
        prepare = self._fresh if verb == "one small file" else lambda: None
        home = self._scratch / "home"
        run = measure(Contestant([*USENETSYNC, *words[verb]], self._env, prepare, home))
        if verb == "restore":
            differ = subprocess.run(["diff", "-r", tree, out], capture_output=True, check=False)
            if differ.returncode:
                raise FailedError(f"what was restored differs: {differ.stdout[-2_000:]!r}")
            shutil.rmtree(out)
        return run

    def configured(self, port: int, certificate: Certificate | None) -> None:
        """Remember the server, for each round's fresh home."""
        limits = self._limits
        self._servers = (
            [
                Server(
                    "slow",
                    port,
                    limits.connections,
                    certificate=certificate,
                    max_article=20_000_000,
                )
            ]
            if limits.connections
            else []
        )

    def _fresh(self) -> None:
        home, limits = self._scratch / "home", self._limits
        fresh_home(home)
        configure(
            home,
            self._servers,
            max_workers=limits.workers,
            memory_limit=limits.limit * _MIB,
            chunk_size=limits.chunk,
        )
        do(home, "db", "start")


@contextmanager
def ground(limits: Limits, scene: Scene) -> Iterator[Stages]:
    """The data, and the server if there is one."""
    with ExitStack() as stack:
        scratch = scene.scratch
        certificate = certify(scratch / "certificates") if limits.tls else None
        port = stack.enter_context(slow_server(certificate)) if limits.connections else 0
        fill(scratch / "tree", scene.amount, shrinks=limits.shrinks)
        (scratch / "one").mkdir()
        (scratch / "one" / "file").write_bytes(b"one")
        verbs = Verbs(scratch, limits)
        verbs.configured(port, certificate)
        stack.callback(stop_database, scratch / "home")
        yield [[Side(verb, partial(verbs.run, verb))] for verb in ("one small file", *VERBS)]


def _above(verb: str, each: Round) -> float:
    """MiB above the base."""
    return (each[verb].memory - each["one small file"].memory) / _MIB


def _case(name: str, limits: Limits) -> Case:
    within = Goal(at_most=limits.limit)
    rows = [
        Row(
            f"{verb}: memory in flight",
            ("one small file", verb),
            partial(_above, verb),
            "MiB",
            within,
            "one small file",
        )
        for verb in VERBS
    ]
    measures = f"peak memory with {limits}"
    return Case(
        f"memory-{name}",
        measures,
        200e6,
        "bytes",
        partial(ground, limits),
        tuple(rows),
        least=16 << 20,
    )


CASES = tuple(_case(name, limits) for name, limits in LIMITS.items())
