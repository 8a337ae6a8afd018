"""Files to measure with: a few large ones, or a tree of small ones, in the page cache."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from .measuring import with_support

SEGMENT = 768_000
"""Bytes an article, ours and Nyuu's."""
_SEED = 1
_SMALL = """
import pathlib, sys, trees
print(trees.small_files(pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
"""


def random_files(folder: Path, size: int, most: int) -> list[Path]:
    """Files of random bytes, of `size` together: `most` of them, fewer if they were tiny."""
    folder.mkdir()
    count = max(1, min(most, size // SEGMENT))
    paths = [folder / f"random {number:03}.bin" for number in range(count)]
    for path in paths:
        left = size // count
        with open(path, "wb") as file:
            while left:
                left -= file.write(os.urandom(min(left, 8 << 20)))
    os.sync()
    return paths


def articles_of(path: Path) -> int:
    """How many articles a file makes."""
    return -(-path.stat().st_size // SEGMENT)


def small_files(tree: Path, count: int) -> int:
    """The tree of ``trees.small_files``; its bytes."""
    return int(with_support(_SMALL, str(tree), str(count), str(_SEED)))


def warm(tree: Path) -> None:
    """Read every file, so that all are in the page cache."""
    command = 'find "$1" -type f -print0 | xargs -0 cat > /dev/null'
    subprocess.run(["sh", "-c", command, "sh", str(tree)], check=True)
