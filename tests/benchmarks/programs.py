"""What a further program of this package measures: screen, big catalogue, index, ways to read.

Each prints its figures as one JSON object; they are programs because what they import and map
would count as memory of every process that is started after them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from .contest import Case, Goal, Scene, Side, Stages
from .files import small_files, warm
from .measuring import Contestant, Run, measure, stop_database
from .tools import LESS

_LARGE = 4_000_000
"""Bytes of a file beside the small ones."""
_LEAST, _LEAST_SHARE = 1_500_000_000, 0.1
"""An upload that lasts for some ten seconds, and how long the screen is watched then."""
_MILLION = 1_000_000


def program(module: str, *words: str, home: Path | None = None) -> Run:
    """Run one."""
    command = [sys.executable, "-m", f"tests.benchmarks.{module}", *words]
    return measure(Contestant(command, home=home, tells=True))


@contextmanager
def catalogue_ground(part: str, scene: Scene) -> Iterator[Stages]:
    """A home that is filled with files that are nowhere."""
    home = scene.scratch / "home"
    words = [str(home), "--files", str(scene.amount), "--segments", str(scene.amount)]
    program("big_catalogue", *words)
    run = {
        "questions": partial(program, "big_catalogue", str(home), "--figures"),
        "list": partial(program, "screen", "list", str(home)),
    }
    try:
        yield [[Side(part, run[part])]]
    finally:
        stop_database(home)


@contextmanager
def tree_ground(part: str, scene: Scene) -> Iterator[Stages]:
    """Small files, and in their folders in turn larger ones of random bytes; in the page cache."""
    tree = scene.scratch / "tree"
    small_files(tree, scene.scaled(200_000, 200))
    folders = sorted(path for path in tree.glob("*/*") if path.is_dir())
    for number in range(scene.amount // _LARGE):
        folder = folders[number % len(folders)]
        (folder / f"large {number // len(folders)}.bin").write_bytes(os.urandom(_LARGE))
    warm(tree)
    share = str(min(1.0, max(_LEAST_SHARE, scene.scale)))
    yield [[Side(part, partial(program, "screen", part, str(tree), share))]]


@contextmanager
def file_ground(scene: Scene) -> Iterator[Stages]:
    """One file of random bytes."""
    path = scene.scratch / "file"
    with open(path, "wb") as file:
        for _ in range(0, scene.amount, 8 << 20):
            file.write(os.urandom(8 << 20))
    yield [[Side("reads", partial(program, "read_large_file", str(path)))]]


@contextmanager
def stream_ground(scene: Scene) -> Iterator[Stages]:
    """Files that are made up while they are described: nothing is on disk."""
    yield [[Side("stream", partial(program, "index_figures", str(scene.amount)))]]


@contextmanager
def index_ground(last: str, scene: Scene) -> Iterator[Stages]:
    """A catalogue whose versions have no index yet. Each round begins with a new one.

    `last`: what is measured; what must be done before it is not.
    """
    verbs = ("fill", "write", "post", "adopt")
    home = scene.scratch / "home"

    def run() -> Run:
        for verb in verbs[: verbs.index(last)]:
            more = [str(scene.amount)] if verb == "fill" else []
            before.append(program("indexed_folder", str(home), verb, *more))
        done = program("indexed_folder", str(home), last)
        return replace(done, more={**before[-1].more, **done.more})

    before: list[Run] = []
    try:
        yield [[Side(last, run)]]
    finally:
        stop_database(home)


def _at_most(goals: Mapping[str, float]) -> dict[str, Goal]:
    return {name: Goal(at_most=bound) for name, bound in goals.items()}


_LIST = _at_most(
    {
        "open the folder: key → first rows, p95 [ms]": 500,
        "PageDown: key → final paint, p95 [ms]": 30,
        ":goto N%: enter → row number, none waiting, p95 [ms]": 150,
        ":goto N%: enter → final paint, p95 [ms]": 150,
        "resident [MiB]": 150,
    }
)
_BUSY = _at_most({"busy: j or k → its row number, p95 [ms]": 60})
_TICK = _at_most(
    {
        "tick: bytes of each tick, p95 [bytes]": 4096,
        "tick: bytes of each second, p95 [bytes]": 16384,
    }
)

_INDEX_SIZE = _at_most(
    {
        "delta of 100 changes, share of the base [%]": 3,
        "one file of 10 KB by string: articles": 8,
    }
)
_INDEX_WRITE = _at_most({"base: time [s]": 60, "peak memory of the process [MB]": 150})
_INDEX_ADOPT = _at_most({"adopted [s]": 60})
_INDEX_STREAM = _at_most(
    {
        "pages written: CPU time [s]": 60,
        "pages read: CPU time [s]": 60,
        "peak memory of the process [MB]": 150,
    }
)


def _screen(part: str, measures: str, goals: Mapping[str, Goal]) -> Case:
    ground = partial(tree_ground, part)
    words = f"the screen while a tree is uploaded: {measures}"
    return Case(f"screen-{part}", words, 6e9, "bytes", ground, goals=goals, more=True, least=_LEAST)


CASES = (
    Case(
        "screen-list",
        "the screen on a big catalogue: from a key to the painted rows",
        3 * _MILLION,
        "files",
        partial(catalogue_ground, "list"),
        peers=(LESS,),
        goals=_LIST,
        more=True,
        least=5_000,
    ),
    _screen("busy", "from a key to the new row number", _BUSY),
    _screen("tick", "bytes that it sends when nobody touches a key", _TICK),
    _screen("stalled", "what is stored when nobody reads its terminal", {}),
    Case(
        "big-catalogue",
        "what the screen asks of a big catalogue",
        3 * _MILLION,
        "files",
        partial(catalogue_ground, "questions"),
        more=True,
        least=5_000,
    ),
    Case(
        "read-large-file",
        "memory mapping against positional reads of one file",
        float(2 << 30),
        "bytes",
        file_ground,
        more=True,
    ),
    Case(
        "index-size",
        "the index of 10 versions with 100 changes each, and one file read by it",
        200_000,
        "files",
        partial(index_ground, "post"),
        goals=_INDEX_SIZE,
        more=True,
        least=2_000,
    ),
    Case(
        "index-write",
        "a base run, planned from the rows of a catalogue, and nine deltas",
        3 * _MILLION,
        "files",
        partial(index_ground, "write"),
        goals=_INDEX_WRITE,
        more=True,
        least=2_000,
    ),
    Case(
        "index-adopt",
        "a catalogue made of the index of 10 versions",
        3 * _MILLION,
        "files",
        partial(index_ground, "adopt"),
        goals=_INDEX_ADOPT,
        more=True,
        least=2_000,
    ),
    Case(
        "index-stream",
        "a snapshot's index written and read as a stream; the format alone",
        3 * _MILLION,
        "files",
        stream_ground,
        goals=_INDEX_STREAM,
        more=True,
        least=1_000,
    ),
)
