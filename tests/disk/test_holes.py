"""Where a file has bytes, and what of it does not belong there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usenetsync_tui.disk.holes import extents_of, may_have_holes
from usenetsync_tui.disk.restored.entry import gaps
from usenetsync_tui.model.metadata.metadata import Extent, Extents

BLOCK = 1 << 16
"""Larger than a block of any usual file system."""


def sparse_file(path: Path, size: int, *blocks: int) -> int:
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    os.ftruncate(fd, size)
    for block in blocks:
        os.pwrite(fd, b"x" * BLOCK, block * BLOCK)
    os.fsync(fd)
    return fd


def test_a_terabyte_with_three_runs(tmp_path: Path) -> None:
    size = 1 << 40
    fd = sparse_file(tmp_path / "sparse", size, 0, 1 << 20, size // BLOCK - 1)
    assert may_have_holes(os.fstat(fd))
    found = extents_of(fd, size)
    if found is None:
        pytest.skip("this file system does not tell holes")
    assert [run.offset for run in found.runs] == [0, BLOCK << 20, size - BLOCK]
    assert found.stored == 3 * BLOCK
    few = extents_of(fd, size, 2)
    assert few is not None and len(few.runs) == 2, "the smallest hole counts as bytes"
    os.close(fd)


def test_only_a_hole_and_no_hole(tmp_path: Path) -> None:
    hole, full = sparse_file(tmp_path / "hole", BLOCK), sparse_file(tmp_path / "full", 0, 0)
    if (found := extents_of(hole, BLOCK)) is not None:
        assert found == Extents(BLOCK, ())
    assert extents_of(full, BLOCK) is None
    os.close(hole)
    os.close(full)


_RUNS = st.sets(st.integers(0, 30)).map(
    lambda bits: tuple(
        Extent(start, next(n for n in range(start, 40) if n not in bits) - start)
        for start in sorted(bits)
        if start - 1 not in bits
    )
)


@given(_RUNS, _RUNS)
def test_gaps_are_what_is_in_one_and_not_in_the_other(
    found: tuple[Extent, ...], wanted: tuple[Extent, ...]
) -> None:
    def bits(runs: object) -> set[int]:
        return {n for run in runs for n in range(run.offset, sum(run))}  # type: ignore[attr-defined]

    outside = [*gaps(Extents(40, found), Extents(40, wanted))]
    assert all(run.length > 0 for run in outside)
    assert bits(outside) == bits(found) - bits(wanted)
