"""The rows of a plan, to be read a page at a time: those that need attention come first.

There may be millions: they are in unnamed temporary files, one for each fate, and only the place of
every hundredth row is in memory. Blocking, for one thread at a time.
"""

from __future__ import annotations

import marshal
import tempfile
from array import array
from collections.abc import Iterable, Iterator
from typing import IO

from usenetsync_tui.disk.source.sorted_names import spill_folder
from usenetsync_tui.model.restores.plans import Fate, PlannedPath

ORDER = (Fate.FAIL, Fate.DELETE, Fate.OVERWRITE, Fate.CREATE, Fate.KEEP)
"""In which the rows are listed."""
_IN_MEMORY = 1 << 18
_EVERY = 100


class PlanSpool:
    """Close it at the end."""

    def __init__(self) -> None:
        self._of = {fate: _Rows(fate) for fate in ORDER}

    def add(self, rows: Iterable[PlannedPath]) -> None:
        """Add rows in the order of the plan. Raises OSError when the disk is full."""
        for row in rows:
            self._of[row.fate].add(row)

    def page(self, first: int, count: int) -> tuple[PlannedPath, ...]:
        """Some rows from a number on."""
        found: list[PlannedPath] = []
        for rows in self._of.values():
            if first < rows.count and len(found) < count:
                found += rows.some(first, count - len(found))
            first = max(0, first - rows.count)
        return tuple(found)

    def close(self) -> None:
        """Remove the files. A second call does nothing."""
        for rows in self._of.values():
            rows.close()


class _Rows:
    """The rows of one fate."""

    def __init__(self, fate: Fate) -> None:
        self.count = 0
        self._fate = fate
        self._file: IO[bytes] | None = None
        self._places = array("Q")

    def add(self, row: PlannedPath) -> None:
        if self._file is None:
            self._file = tempfile.SpooledTemporaryFile(_IN_MEMORY, dir=spill_folder())
        if self.count % _EVERY == 0:
            self._places.append(self._file.seek(0, 2))
        self._file.write(marshal.dumps((row.path, row.kind, row.size, row.reason)))
        self.count += 1

    def some(self, first: int, count: int) -> Iterator[PlannedPath]:
        if self._file is None:
            return
        self._file.seek(self._places[first // _EVERY])
        before = first % _EVERY
        for number in range(min(before + count, self.count - first + before)):
            path, kind, size, reason = marshal.load(self._file)
            if number >= before:
                yield PlannedPath(self._fate, path, kind, size, reason)
        self._file.seek(0, 2)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
