"""Trees that are very deep, or have very long paths: time that is linear, memory that is bounded.

For each shape, small and twice as large, each as a whole process: upload into the shards store,
restore, verify. The ratios of the two sizes are what counts: about 2 for time, about 1 for memory;
a quadratic way makes 4 of the 2.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from .contest import Case, Goal, Row, Scene, Side, Stages
from .measuring import USENETSYNC, Contestant, Run, measure, started_home, stop_database

_LINEAR, _FLAT = Goal(at_most=2.5), Goal(at_most=1.2)
VERBS = ("upload", "restore", "verify")


@dataclass(frozen=True, slots=True)
class Shape:
    """Directories in each other, and empty files in the last one."""

    name: str
    depth: int
    name_length: int
    files: int

    def doubled(self) -> Shape:
        """Twice as deep; or, where there are files, twice as many of them."""
        if self.files:
            return Shape(self.name, self.depth, self.name_length, 2 * self.files)
        return Shape(self.name, 2 * self.depth, self.name_length, 0)

    def build(self, root: Path) -> None:
        """Make it, step by step: the whole path is longer than a system call takes."""
        at = os.open(root, os.O_RDONLY)
        for _ in range(self.depth):
            os.mkdir("d" * self.name_length, dir_fd=at)
            below = os.open("d" * self.name_length, os.O_RDONLY, dir_fd=at)
            os.close(at)
            at = below
        for number in range(self.files):
            os.close(os.open(f"{number:06}", os.O_CREAT | os.O_WRONLY, dir_fd=at))
        os.close(at)


DEEP, LONG = Shape("deep", 10_000, 1, 0), Shape("long paths", 2_000, 250, 1_500)


class Verbs:
    """The verbs on one shape, in a home of their own."""

    def __init__(self, scratch: Path, shape: Shape) -> None:
        self.home, self._out = scratch / "home", scratch / "out"
        self._root = scratch / "tree"
        self._root.mkdir(parents=True)
        scratch.chmod(0o711)
        shape.build(self._root)

    def run(self, verb: str) -> Run:
        """Upload into a fresh catalogue, and what follows that."""
        words = {
            "upload": ["upload", str(self._root), "--store", "shards"],
            "restore": ["restore", "tree", str(self._out)],
            "verify": ["verify", "tree"],
        }
        prepare = {"upload": partial(started_home, self.home), "restore": self._remove}
        env = {"USENETSYNC_HOME": str(self.home)}
        command = [*USENETSYNC, *words[verb], "--json"]
        return measure(Contestant(command, env, prepare.get(verb, lambda: None), self.home))

    def _remove(self) -> None:
        """Not by `shutil.rmtree`, which recurses: the trees are deeper than Python's stack."""
        subprocess.run(["rm", "-rf", self._out], check=True)

    def end(self) -> None:
        """Stop the database, remove the trees."""
        stop_database(self.home)
        self._remove()
        subprocess.run(["rm", "-rf", self._root], check=True)


@contextmanager
def ground(shape: Shape, scene: Scene) -> Iterator[Stages]:
    """A stage for each verb."""
    depth, files = scene.scaled(shape.depth, 10), scene.scaled(shape.files)
    small = Shape(shape.name, depth, shape.name_length, files if shape.files else 0)
    sizes = {"half of it": small, "all of it": small.doubled()}
    made = {name: Verbs(scene.scratch / name, each) for name, each in sizes.items()}
    try:
        yield [
            [Side(f"{verb}, {name}", partial(made[name].run, verb)) for name in sizes]
            for verb in VERBS
        ]
    finally:
        for each in made.values():
            each.end()


def _rows(verb: str) -> tuple[Row, Row]:
    whole, half = f"{verb}, all of it", f"{verb}, half of it"
    sides = (whole, half)
    return (
        Row(
            f"{verb}: time",
            sides,
            lambda r: r[whole].wall / r[half].wall,
            goal=_LINEAR,
            beside="half of it",
        ),
        Row(
            f"{verb}: peak memory",
            sides,
            lambda r: r[whole].memory / r[half].memory,
            goal=_FLAT,
            beside="half of it",
        ),
    )


def _case(name: str, measures: str, amount: float, unit: str, shape: Shape) -> Case:
    rows = tuple(row for verb in VERBS for row in _rows(verb))
    return Case(name, measures, amount, unit, partial(ground, shape), rows)


CASES = (
    _case("deep-trees", "folders in each other", 2 * DEEP.depth, "levels", DEEP),
    _case("long-paths", "files whose paths are very long", 2 * LONG.files, "files", LONG),
)
