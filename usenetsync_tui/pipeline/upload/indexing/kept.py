"""Paths of the walk that stand for rows of the catalogue: those not examined, those left out."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Generic, TypeVar

from usenetsync_tui.model.path_keys import key_head

T = TypeVar("T")


class PathsAhead(Generic[T]):
    """Paths of a walk, each with a value, whose rows may still come.

    A path ending in ``/`` stands for what is below it and itself; any other also for the directory
    that it may have been. They come roughly in the order of the walk. So only the front is searched
    for paths that the rows have passed: each path is added once and dropped once, however many
    there are.
    """

    def __init__(self) -> None:
        self._paths: dict[bytes, T] = {}
        self._in_turn: deque[bytes] = deque()
        self._longest = 0

    def put(self, paths: Iterable[tuple[bytes, T]]) -> None:
        """Add paths, each with its value."""
        for path, value in paths:
            if path not in self._paths:
                self._in_turn.append(path)
                self._longest = max(self._longest, len(path))
            self._paths[path] = value

    def pass_by(self, key: bytes | None) -> None:
        """Drop paths whose rows all come before a key; None: there are no more rows.

        A path that was added out of order may stay longer.
        """
        in_turn = self._in_turn
        while in_turn and (key is None or not _is_ahead(in_turn[0], key)):
            self._paths.pop(in_turn.popleft(), None)

    def covering(self, path: bytes) -> bytes | None:
        """The path that stands for a path of the catalogue."""
        paths = self._paths
        if not paths:
            return None
        if path in paths:
            return path
        if b"" in paths:
            return b""
        at = path.find(b"/", 0, self._longest + 1)
        while at >= 0:
            for above in (path[:at], path[: at + 1]):
                if above in paths:
                    return above
            at = path.find(b"/", at + 1, self._longest + 1)
        return None

    def value(self, path: bytes) -> T:
        """The value of one of the paths. Raises KeyError."""
        return self._paths[path]


class KeptPaths(PathsAhead[None]):
    """The paths of `ScanBatch.kept`: their rows in the catalogue stay as they are."""

    def add(self, paths: list[bytes]) -> None:
        """Add paths."""
        self.put((path, None) for path in paths)

    def __contains__(self, path: bytes) -> bool:
        """Whether a path of the catalogue is one of them, or lies below one."""
        return self.covering(path) is not None


def _is_ahead(kept: bytes, key: bytes) -> bool:
    """Whether rows of a kept path may still come. Keys distinguish only the heads of paths."""
    head = key_head(kept)
    return head >= key[: len(head)]
