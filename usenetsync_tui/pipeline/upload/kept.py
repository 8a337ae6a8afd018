"""Paths of a walk nothing can be said about, so that what is known of them stays."""

from __future__ import annotations

from collections import deque

from usenetsync_tui.model.path_keys import key_head


class Kept:
    """The paths of `ScanBatch.kept` whose rows may still come.

    They come in about the order of the walk. So those that are passed by are looked for at the
    front only: each is added once and dropped once, however many there are.
    """

    def __init__(self) -> None:
        self._paths: set[bytes] = set()
        self._in_turn: deque[bytes] = deque()
        self._longest = 0

    def add(self, paths: list[bytes]) -> None:
        """There are more of them."""
        self._in_turn += (path for path in paths if path not in self._paths)
        self._paths.update(paths)
        self._longest = max(self._longest, *map(len, paths), 0)

    def pass_by(self, key: bytes | None) -> None:
        """Forget those whose rows come before a key; without one there are no more rows.

        One that was added out of order may stay longer.
        """
        in_turn = self._in_turn
        while in_turn and (key is None or not _is_ahead(in_turn[0], key)):
            self._paths.discard(in_turn.popleft())

    def __contains__(self, path: bytes) -> bool:
        """Whether one of them stands for a path of the catalogue."""
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
    """Whether rows a kept path stands for may still come. Keys tell only heads of paths apart."""
    head = key_head(kept)
    return head >= key[: len(head)]
