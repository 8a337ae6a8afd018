"""pages_of_run: walks the directories of a run in a store, down to its pages.

Refuses to know where the pages come from. Directories are checked against the line that led to
them, so that hostile ones lead to no page twice, and never deeper than their level says.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from usenetsync_tui.codec.index.directory import read_directory
from usenetsync_tui.errors import IndexUnreadableError
from usenetsync_tui.model.index.roots import LEAF, IndexRun, PageRef, PartKey, PathKey

Fetch = Callable[[PageRef], Awaitable[bytes]]
"""The bytes of a page, checked against the digest of its line; `IndexUnreadableError`."""


async def pages_of_run(
    fetch: Fetch, run: IndexRun, *, of_objects: bool
) -> AsyncIterator[tuple[PageRef, bytes]]:
    """All pages of a run of files, or of objects, in order: a directory before those in it.

    Holds a directory of each level. `IndexUnreadableError`.
    """
    waiting = [iter(lines_of_root(run, of_objects=of_objects))]
    last: PathKey | PartKey | None = None
    while waiting:
        line = next(waiting[-1], None)
        if line is None:
            waiting.pop()
            continue
        data = await fetch(line)
        yield line, data
        if line.level != LEAF:
            waiting.append(iter(listed_in(line, data)))
        else:
            if last is not None and not _is_above(line.first, last):
                raise IndexUnreadableError("The pages of a run are not in order.")
            last = line.first


def lines_of_root(run: IndexRun, *, of_objects: bool) -> list[PageRef]:
    """The lines that the root has of a run: of its pages of files or objects, or directories."""
    return [line for line in run.pages if line.of_objects == of_objects]


def listed_in(line: PageRef, data: bytes) -> Sequence[PageRef]:
    """The lines of a directory; `IndexUnreadableError` for one that cannot be where its line is."""
    rows = read_directory(data, line.level)
    if rows[0].of_objects != line.of_objects or rows[0].first != line.first:
        raise IndexUnreadableError("A directory is not the one of its line.")
    return rows


def _is_above(key: PathKey | PartKey, other: PathKey | PartKey) -> bool:
    if isinstance(key, bytes):
        return isinstance(other, bytes) and key > other
    return not isinstance(other, bytes) and key > other
