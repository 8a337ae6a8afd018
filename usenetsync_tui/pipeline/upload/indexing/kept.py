"""Paths that the walk could not examine: their rows in the catalogue stay as they are."""

from __future__ import annotations

from collections import deque

from usenetsync_tui.model.path_keys import key_head


class KeptPaths:
    """The paths of `ScanBatch.kept` whose rows may still come.

    They come roughly in the order of the walk. So only the front is searched for paths that the
    rows have passed: each path is added once and dropped once, however many there are.
    """

    def __init__(self) -> None:
        self._paths: set[bytes] = set()
        self._in_turn: deque[bytes] = deque()
        self._longest = 0

    def add(self, paths: list[bytes]) -> None:
        """Add paths."""
        self._in_turn += (path for path in paths if path not in self._paths)
        self._paths.update(paths)
        self._longest = max(self._longest, *map(len, paths), 0)

    def pass_by(self, key: bytes | None) -> None:
        """Drop paths whose rows all come before a key; None: there are no more rows.

        A path that was added out of order may stay longer.
        """
        in_turn = self._in_turn
        while in_turn and (key is None or not _is_ahead(in_turn[0], key)):
            self._paths.discard(in_turn.popleft())

    def __contains__(self, path: bytes) -> bool:
        """Whether a path of the catalogue is one of them, or lies below one."""
        paths = self._paths
        if not paths or path in paths or b"" in paths:
            return bool(paths)
        at = path.find(b"/", 0, self._longest + 1)
        while at >= 0:
            if path[:at] in paths or path[: at + 1] in paths:
                return True
            at = path.find(b"/", at + 1, self._longest + 1)
        return False


def _is_ahead(kept: bytes, key: bytes) -> bool:
    """Whether rows of a kept path may still come. Keys distinguish only the heads of paths."""
    head = key_head(kept)
    return head >= key[: len(head)]
