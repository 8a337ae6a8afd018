"""A tree of many small files: uploaded into the shards store, again unchanged, and restored.

Beside them ``restic backup`` into a fresh repository, again, and ``restic restore``; ``find
-printf`` (list all with size and time: what a scan costs at least) and ``sha256sum`` of everything
(what reading and hashing costs). Each restore has a new folder, and none is removed before the end:
for minutes after a removal ext4 passes over the freed inodes, one by one, which made the next
restore up to four times as long, ours or restic's. The page cache is warm. PostgreSQL runs
already; its memory and its CPU time have columns of their own.

`flat-memory` measures the peak memory of uploads that have half as much to do, and all of it.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path

from .contest import Case, Goal, Row, Scene, Side, Stages, longer, memory
from .files import random_files, small_files, warm
from .measuring import (
    ENVIRONMENT,
    USENETSYNC,
    Contestant,
    Run,
    fresh_home,
    make_catalogue,
    measure,
    started_home,
    stop_database,
)
from .posting import CONNECTIONS
from .sinks import Server, Sink, configure
from .tools import FIND, RESTIC, SHA256SUM


class Ours:
    """Our sides, in a home of their own."""

    def __init__(self, scratch: Path) -> None:
        self.home = scratch / "home"
        self._outs = (scratch / f"out {number}" for number in count(1))

    def first(self, tree: Path) -> Run:
        """Upload into a fresh catalogue."""
        return self._measured(partial(started_home, self.home), "upload", str(tree))

    def again(self, tree: Path) -> Run:
        """Upload what has not changed."""
        return self._measured(lambda: None, "upload", str(tree))

    def restore(self, tree: Path) -> Run:
        """Into a folder that is not there yet."""
        return self._measured(lambda: None, "restore", tree.name, str(next(self._outs)))

    def _measured(self, prepare: partial[None], *words: str) -> Run:
        store = ["--store", "shards"] if words[0] == "upload" else []
        env = {"USENETSYNC_HOME": str(self.home)}
        command = [*USENETSYNC, *words, *store, "--json"]
        return measure(Contestant(command, env, prepare, self.home))


class Restic:
    """The same with restic."""

    def __init__(self, scratch: Path) -> None:
        self._repository, self._cache = scratch / "restic", scratch / "restic-cache"
        self._outs = (scratch / f"restic out {number}" for number in count(1))
        self._env = {"RESTIC_PASSWORD": "x", "RESTIC_CACHE_DIR": str(self._cache)}
        self._base = ["restic", "--quiet", "--repo", str(self._repository)]

    def first(self, tree: Path) -> Run:
        """Back up into a fresh repository."""
        return measure(Contestant([*self._base, "backup", str(tree)], self._env, self._fresh))

    def again(self, tree: Path) -> Run:
        """Back up what has not changed."""
        return measure(Contestant([*self._base, "backup", str(tree)], self._env))

    def restore(self) -> Run:
        """Into a folder that is not there yet."""
        words = ["restore", "latest", "--target", str(next(self._outs))]
        return measure(Contestant([*self._base, *words], self._env))

    def _fresh(self) -> None:
        shutil.rmtree(self._repository, ignore_errors=True)
        shutil.rmtree(self._cache, ignore_errors=True)
        init = [*self._base, "init"]
        subprocess.run(init, env=ENVIRONMENT | self._env, check=True, capture_output=True)


@contextmanager
def ground(scene: Scene) -> Iterator[Stages]:
    """The tree; first uploads, then uploads again, then restores."""
    tree = scene.scratch / "tree"
    small_files(tree, scene.amount)
    warm(tree)
    ours, restic = Ours(scene.scratch), Restic(scene.scratch)
    find = Contestant(["find", str(tree), "-type", "f", "-printf", "%s %T@ %p\\0"])
    words = 'find "$1" -type f -print0 | xargs -0 sha256sum'
    sha256sum = Contestant(["sh", "-c", words, "sh", str(tree)])
    try:
        yield [
            [
                Side("first upload", lambda: ours.first(tree)),
                Side("restic backup", lambda: restic.first(tree), RESTIC),
                Side("sha256sum", lambda: measure(sha256sum), SHA256SUM),
            ],
            [
                Side("unchanged", lambda: ours.again(tree)),
                Side("restic backup, unchanged", lambda: restic.again(tree), RESTIC),
                Side("find -printf", lambda: measure(find), FIND),
            ],
            [
                Side("restore", lambda: ours.restore(tree)),
                Side("restic restore", restic.restore, RESTIC),
            ],
        ]
    finally:
        stop_database(ours.home)


@contextmanager
def flat_ground(scene: Scene) -> Iterator[Stages]:
    """Small files into shards, and large ones to a sink: half of them, and all."""
    trees = {"half": scene.scratch / "half the files", "all": scene.scratch / "all files"}
    small_files(trees["half"], scene.amount // 2)
    small_files(trees["all"], scene.amount)
    size = scene.scaled(5e9, 2_000_000)
    for name, part in (("half the bytes", 2), ("all bytes", 1)):
        random_files(scene.scratch / name, size // part, 50)
    ours = Ours(scene.scratch)

    def posted(name: str) -> Run:
        sink = Sink()

        def prepare() -> None:
            fresh_home(ours.home)
            configure(ours.home, [Server("sink", sink.port, CONNECTIONS, ("post",))])
            make_catalogue(ours.home)

        words = ["upload", str(scene.scratch / name), "--store", "usenet", "--json"]
        env = {"USENETSYNC_HOME": str(ours.home)}
        with sink.running():
            return measure(Contestant([*USENETSYNC, *words], env, prepare, ours.home))

    try:
        yield [
            [
                Side("half the files", lambda: ours.first(trees["half"])),
                Side("all files", lambda: ours.first(trees["all"])),
                Side("half the bytes", lambda: posted("half the bytes")),
                Side("all bytes", lambda: posted("all bytes")),
            ]
        ]
    finally:
        stop_database(ours.home)


def growth(half: str, whole: str) -> Row:
    """Peak memory of all the work in units of that of half of it."""
    title = f"peak memory, {whole}"
    flat = Goal(at_most=1.1)
    return Row(
        title, (half, whole), lambda r: r[whole].memory / r[half].memory, goal=flat, beside=half
    )


CASES = (
    Case(
        "small-files",
        "upload many small files into shards, again unchanged, and restore them",
        200_000,
        "files",
        ground,
        (
            longer("first upload", "restic backup", Goal(at_most=0.7)),
            longer("unchanged", "restic backup, unchanged", Goal(at_most=0.35)),
            longer("unchanged", "find -printf", Goal(at_most=4)),
            longer("restore", "restic restore", Goal(at_most=0.8)),
            longer("first upload", "sha256sum"),
            memory("first upload", "unchanged", "restore"),
        ),
        peers=(RESTIC, FIND, SHA256SUM),
        least=200,
    ),
    Case(
        "flat-memory",
        "peak memory of uploads of half as many files and bytes, and of all",
        200_000,
        "files",
        flat_ground,
        (
            growth("half the files", "all files"),
            growth("half the bytes", "all bytes"),
            memory("half the files", "all files", "half the bytes", "all bytes"),
        ),
        least=400,
    ),
)
