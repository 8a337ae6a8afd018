"""holes: the bytes of a sparse file in order, of those that its object holds."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from usenetsync_tui.model.metadata.metadata import Extents

_ZEROS = bytes(1 << 20)


async def with_holes(content: AsyncIterator[bytes], extents: Extents) -> AsyncIterator[bytes]:
    """The bytes of the runs, with zeros where they have none."""
    at, left = 0, iter(extents.runs)
    run = next(left, None)
    async for data in content:
        view = memoryview(data)
        while view and run is not None:
            for zeros in _zeros(run.offset - at):
                yield zeros
            at = max(at, run.offset)
            some = view[: run.offset + run.length - at]
            yield bytes(some)
            view, at = view[len(some) :], at + len(some)
            if at == run.offset + run.length:
                run = next(left, None)
    for zeros in _zeros(extents.size - at):
        yield zeros


def _zeros(count: int) -> Iterator[bytes]:
    while count > 0:
        yield _ZEROS[:count]
        count -= len(_ZEROS)
