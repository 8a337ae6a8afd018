"""The holes of a file: where it has bytes, as its file system tells (lseek(2), SEEK_DATA).

Refuses to know what the file is for. Synchronous.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator

from usenetsync_tui.model.metadata.metadata import MOST_RUNS, Extent, Extents

_BLOCK = 1 << 20


def may_have_holes(status: os.stat_result) -> bool:
    """Whether a file has fewer blocks than bytes."""
    return status.st_blocks * 512 < status.st_size


def extents_of(fd: int, size: int, most: int = MOST_RUNS) -> Extents | None:
    """Where a file of `size` bytes has bytes; None when it has them everywhere. Raises OSError."""
    least, runs = 1, list[Extent]()
    for begin, end in _data(fd, size):
        if runs and begin - sum(runs[-1]) < least:
            runs[-1] = Extent(runs[-1].offset, end - runs[-1].offset)
        else:
            runs.append(Extent(begin, end - begin))
        while len(runs) > most:
            least = max(4_096, least * 2)
            runs = _joined(runs, least)
    found = Extents(size, tuple(runs))
    return None if found.stored >= size else found


def whole(size: int) -> Extents:
    """A file that has bytes everywhere."""
    return Extents(size, (Extent(0, size),))


def gaps(found: Extents, wanted: Extents) -> Iterator[Extent]:
    """The parts of the runs of `found` that are in no run of `wanted`."""
    runs = iter((*wanted.runs, Extent(wanted.size, 0)))
    run = next(runs)
    for offset, length in found.runs:
        at, end = offset, offset + length
        while at < end:
            while sum(run) <= at and run.length:
                run = next(runs)
            if run.offset > at:
                yield Extent(at, min(end, run.offset) - at)
            elif not run.length:
                return
            at = min(end, run.offset) if run.offset > at else sum(run)


def blocks(fd: int, run: Extent) -> Iterator[bytes]:
    """The bytes of a run of a file, a block at a time; fewer if the file ends before."""
    at, end = run.offset, run.offset + run.length
    while at < end and (data := os.pread(fd, min(_BLOCK, end - at), at)):
        yield data
        at += len(data)


def _data(fd: int, size: int) -> Iterator[tuple[int, int]]:
    """The runs of bytes of a file, as the file system tells them."""
    at = 0
    while at < size:
        try:
            begin = os.lseek(fd, at, os.SEEK_DATA)
        except OSError as caught:
            if caught.errno == errno.ENXIO:
                return  # a hole up to the end
            if caught.errno != errno.EINVAL:
                raise
            begin, at = at, size  # the file system does not tell holes
        end = min(size, os.lseek(fd, begin, os.SEEK_HOLE)) if at < size else size
        if begin >= size:
            return
        yield begin, end
        at = end


def _joined(runs: list[Extent], least: int) -> list[Extent]:
    """The runs without the holes between them that are smaller than `least` bytes."""
    found = runs[:1]
    for run in runs[1:]:
        if run.offset - sum(found[-1]) < least:
            found[-1] = Extent(found[-1].offset, sum(run) - found[-1].offset)
        else:
            found.append(run)
    return found
