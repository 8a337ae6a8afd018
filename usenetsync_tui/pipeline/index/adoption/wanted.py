"""wanted: which part of a version to load, and which pages and entries that concerns.

Refuses to know where pages come from.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from usenetsync_tui.codec.index.root import fingerprint
from usenetsync_tui.model.index.roots import IndexRun
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.pipeline.index.adoption.pages_ahead import Key


@value_object
class Wanted:
    """One version of a folder, or a part of it."""

    version: int
    paths: tuple[bytes, ...] = ()
    """Files and directories below the folder; none: everything."""

    @property
    def names(self) -> set[bytes]:
        """The paths without slashes around them; empty for everything."""
        names = {path.strip(b"/") for path in self.paths}
        return set() if b"" in names else names


class WantedDirectories:
    """Entries below some directories, as run after run tells of them."""

    def __init__(self, names: Iterable[bytes]) -> None:
        """`names`: without a slash at the end."""
        self._belows = sorted({name + b"/" for name in names})
        self._known: set[bytes] = set()
        """Those that an earlier run has."""
        self._spans: list[tuple[bytes, bytes]] = []

    def look_into(self, run: IndexRun) -> None:
        """Begin with the next run, oldest first."""
        prints = run.fingerprints
        self._spans = [
            (below, below[:-1] + b"0")  # "0" follows "/"
            for below in self._belows
            if prints is None or below in self._known or fingerprint(below) in prints
        ]

    def wants(self, first: Key, end: Key | None) -> bool:
        """Whether a page of the run may have any of them: `pages_ahead.Wants`."""
        assert isinstance(first, bytes) and not isinstance(end, tuple)
        return any(first < stop and (end is None or start < end) for start, stop in self._spans)

    def among(self, paths: Sequence[bytes]) -> list[int]:
        """Which of some ascending paths of the run are wanted."""
        found: set[int] = set()
        for start, stop in self._spans:
            found.update(range(bisect_left(paths, start), bisect_left(paths, stop)))
        return sorted(found)

    def found(self, paths: Iterable[bytes]) -> None:
        """Learn from the wanted paths of a run which directories there are."""
        self._known.update(set(self._belows).intersection(paths))


class WantedObjects:
    """Objects that no newer run has described yet."""

    def __init__(self, numbers: Sequence[int]) -> None:
        """`numbers`: ascending."""
        self._numbers = numbers
        self._described: set[int] = set()

    def __bool__(self) -> bool:
        """Whether any is left."""
        return len(self._described) < len(self._numbers)

    def wants(self, first: Key, end: Key | None) -> bool:
        """Whether a page of the run may have any of them: `pages_ahead.Wants`."""
        assert isinstance(first, tuple) and not isinstance(end, bytes)
        at = bisect_left(self._numbers, first[0])
        while at < len(self._numbers) and (end is None or (self._numbers[at], 0) < end):
            if self._numbers[at] not in self._described:
                return True
            at += 1
        return False

    def has(self, number: int) -> bool:
        """Whether an object is wanted from the run."""
        at = bisect_left(self._numbers, number)
        is_wanted = at < len(self._numbers) and self._numbers[at] == number
        return is_wanted and number not in self._described

    def end_run(self, described: set[int]) -> None:
        """The run has described these."""
        self._described |= described
