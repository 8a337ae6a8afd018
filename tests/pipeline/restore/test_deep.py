"""Very deep trees: time linear in the number of paths, and bounded memory."""

from __future__ import annotations

import os
import subprocess
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from worlds import World

from usenetsync_tui.disk.restored import directories
from usenetsync_tui.model.jobs import JobState


@pytest.fixture
def world(world: World) -> Iterator[World]:
    """Deleted afterwards, because pytest cannot delete trees as deep as these."""
    yield world
    subprocess.run(["rm", "-rf", world.root, *world.scratch.glob("restored *")], check=True)


def deep_tree(root: Path, depth: int, name: str = "d", files: int = 0) -> None:
    """Nested directories, with empty files in the last one; deleted by `rm -r`."""
    at = os.open(root, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir(name, dir_fd=at)
        below = os.open(name, os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = below
    for number in range(files):
        os.close(os.open(f"{number:06}", os.O_CREAT | os.O_WRONLY, dir_fd=at))
    os.close(at)


def depth_of(root: Path, name: str = "d") -> int:
    at, depth = os.open(root, os.O_RDONLY), 0
    while True:
        try:
            below = os.open(name, os.O_RDONLY, dir_fd=at)
        except FileNotFoundError:
            os.close(at)
            return depth
        os.close(at)
        at, depth = below, depth + 1


@pytest.mark.anyio
async def test_a_deep_tree_is_restored_in_linear_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = Counter[int]()
    depth = 0
    real = os.open

    def counted(*args: object, **kwargs: object) -> int:
        counts[depth] += 1
        return real(*args, **kwargs)  # type: ignore[arg-type]

    for depth in (500, 1_000):
        deep_tree(world.root, depth, name=f"n{depth}")
    assert (await world.upload()).state is JobState.COMPLETED
    monkeypatch.setattr(directories.os, "open", counted)
    for depth in (500, 1_000):
        target = await world.restore(1, prefix=b"n%d" % depth)
        assert depth_of(target, f"n{depth}") == depth
    assert all(count < 80 * depth for depth, count in counts.items()), counts


@pytest.mark.anyio
async def test_long_paths_are_bounded_in_bytes(world: World) -> None:
    name, depth, files = "n" * 250, 500, 500
    deep_tree(world.root, depth, name, files)
    all_paths = 251 * depth * (depth // 2 + files)
    assert all_paths > 80 << 20
    peaks = []
    tracemalloc.start()
    try:
        for version in (1, 1):
            tracemalloc.reset_peak()
            outcome = await world.upload()
            assert (outcome.state, outcome.version) == (JobState.COMPLETED, version)
            peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.reset_peak()
        target = await world.restore(1)
        peaks.append(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()
    assert depth_of(target, name) == depth
    assert world.run is not None and world.run.progress.done_files == files
    assert max(peaks) < all_paths // 2, [peak >> 20 for peak in peaks]
