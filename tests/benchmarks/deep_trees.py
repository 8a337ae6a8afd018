"""Trees that are very deep, or have very long paths: time that is linear, memory that is bounded.

Run ``python tests/benchmarks/deep_trees.py``. For each shape, small and twice as large, each as a
whole process: upload into the shards store, restore, verify. The ratios of the two sizes are what
counts: about 2 for time, about 1 for memory. One run each: a quadratic way shows itself at once.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from measuring import USENETSYNC, Contestant, Run, fresh_home, measure, stop_database


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


SHAPES = (Shape("deep", 10_000, 1, 0), Shape("long paths", 2_000, 250, 1_500))


def runs(shape: Shape) -> dict[str, Run]:
    """What each verb took."""
    with tempfile.TemporaryDirectory(prefix="deep-", dir="/tmp") as folder:
        os.chmod(folder, 0o711)
        root, home = Path(folder) / "tree", Path(folder) / "home"
        fresh_home(home)
        root.mkdir()
        shape.build(root)
        env = {"USENETSYNC_HOME": str(home)}
        verbs = {
            "upload": ["upload", str(root)],
            "restore": ["restore", "tree", f"{folder}/out"],
            "verify": ["verify", "tree"],
        }
        subprocess.run([*USENETSYNC, "db", "start"], env=os.environ | env, check=True)
        try:
            return {
                verb: measure(Contestant(verb, [*USENETSYNC, *words], env=env))
                for verb, words in verbs.items()
            }
        finally:
            stop_database(home)
            subprocess.run(["rm", "-rf", root, f"{folder}/out"], check=True)


def main() -> None:
    """Print a line for each shape and verb."""
    for shape in SHAPES:
        larger = shape.doubled()
        small, large = runs(shape), runs(larger)
        print(f"{shape.name}: {larger.depth:,} deep, {larger.files:,} files in the last folder")
        for verb, run in large.items():
            times = f"{run.wall:7.1f} s ({run.wall / small[verb].wall:.2f} × half of it)"
            memory = f"{run.memory >> 20:5} MiB ({run.memory / small[verb].memory:.2f} ×)"
            print(f"  {verb:8} {times}   {memory}")


if __name__ == "__main__":
    main()
