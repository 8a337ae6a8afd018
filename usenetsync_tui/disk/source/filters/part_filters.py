"""Filters for a walk that looks for what a restore may delete: only in some parts of a tree.

Knows which names lead to a part, and what must stay: what the folder's filters exclude, what the
restore excludes, and what is mounted there. Refuses to know what the version has. Names that
`passes` says are always walked, and so is everything in a directory with such a name: they come
last of a directory.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import chain

from usenetsync_tui.disk.source.filters.directory_tags import CACHE_TAG
from usenetsync_tui.disk.source.filters.path_filter import PathFilter
from usenetsync_tui.disk.source.filters.tree_filters import PAUSE, Found, TreeFilters
from usenetsync_tui.model.filters import IGNORE_NAME, Excluded, Filters, Rule
from usenetsync_tui.model.restores.paths import directories_above, lies_in

_EXCLUDED = Rule("--exclude", "--exclude")
_MOUNTED = Rule("another file system", "it is mounted there")


class PartFilters(TreeFilters):
    """The filters of one such walk. Synchronous; each walk makes a new one."""

    def __init__(
        self,
        filters: Filters,
        global_patterns: Sequence[bytes],
        *,
        parts: Collection[bytes] = (),
        excluded: PathFilter | None = None,
        mounts: Collection[bytes] = (),
        passes: Callable[[bytes], bool] = lambda name: False,
    ) -> None:
        """`parts`: relative paths without a slash at their ends; without one, the whole tree.

        `mounts`: mount points, as relative paths. Raises SourceError as `TreeFilters`.
        """
        super().__init__(filters, global_patterns)
        self.one_file_system = True
        self._parts = frozenset(parts)
        self._ways = frozenset(way for part in parts for way in directories_above(part))
        self._rules = {IGNORE_NAME, CACHE_TAG, *filters.exclude_if_present}
        self._excluded = excluded or PathFilter(())
        self._mounts = frozenset(path.rstrip(b"/") for path in mounts)
        self._passes = passes

    def kept(self, fd: int, above: bytes, keys: Iterator[bytes], found: Found) -> Iterator[bytes]:
        """As `TreeFilters.kept`, without names that lead to no part."""
        if any(map(self._passes, above.split(b"/"))):
            return keys
        passing: list[bytes] = []

        def others() -> Iterator[bytes]:
            for key in keys:
                if self._passes(key.rstrip(b"/")) and lies_in(above, self._parts):
                    passing.append(key)
                elif key in self._rules or self._leads(above + key):
                    yield key

        kept = super().kept(fd, above, others(), found)
        return chain(self._to_parts(above, kept, found), passing)

    def _to_parts(self, above: bytes, keys: Iterator[bytes], found: Found) -> Iterator[bytes]:
        for key in keys:
            path = above + key
            if key == PAUSE:
                yield key
            elif path.rstrip(b"/") in self._mounts:
                found(Excluded(path, _MOUNTED))
            elif self._excluded.excludes(path):
                found(Excluded(path, _EXCLUDED))
            elif self._leads(path):
                yield key

    def _leads(self, path: bytes) -> bool:
        return path in self._ways or lies_in(path, self._parts)
