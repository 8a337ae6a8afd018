"""Sorted paths: how they are front-coded, and which paths an index may have.

**Front coding.** Of each path is stored how many bytes it shares with the path before it (0 for the
first), and the rest. Three columns: the shared lengths (varints), the lengths of the rests
(varints), the rests one after the other. A writer need not find the longest shared beginning.

**Order.** Paths ascend strictly, compared byte by byte.

**A path** is relative to the folder and ``/``-separated. It has no component that is empty, ``.``
or ``..``, and no NUL: it cannot lead out of a restored tree. A directory's path ends in ``/``; the
folder itself is the empty path. A path has at most `LONGEST_PATH` bytes, and the paths of a page
have `LARGEST_PATHS` bytes together at most: front coding must not be a bomb.
"""

from __future__ import annotations

from collections.abc import Sequence

from usenetsync_tui.codec.index.varints import read_varints, slices, write_varints
from usenetsync_tui.errors import IndexUnreadableError
from usenetsync_tui.model.safe_name import safe_name

LONGEST_PATH = 4 << 20
LARGEST_PATHS = 64 << 20


def shared_length(one: bytes, other: bytes) -> int:
    """How many bytes two strings share at their beginning."""
    length = min(len(one), len(other))
    different = int.from_bytes(one[:length]) ^ int.from_bytes(other[:length])
    return length - (different.bit_length() + 7) // 8


def write_paths(
    paths: Sequence[bytes], shared: Sequence[int] | None = None
) -> tuple[bytes, bytes, bytes]:
    """The three columns of ascending paths: shared lengths, lengths, rests.

    `shared`: what each path shares with the one before, if that is known; 0 for the first.
    """
    if shared is None:
        shared = [shared_length(a, b) for a, b in zip((b"", *paths), paths, strict=False)]
    rests = [path[length:] for path, length in zip(paths, shared, strict=True)]
    return write_varints(shared), write_varints([len(r) for r in rests]), b"".join(rests)


def read_paths(shared: bytes, lengths: bytes, rests: bytes, count: int) -> list[bytes]:
    """`count` ascending byte strings; `IndexUnreadableError`. They are not checked as paths."""
    every = zip(
        read_varints(shared, count), slices(rests, read_varints(lengths, count)), strict=True
    )
    paths: list[bytes] = []
    before, room = b"", LARGEST_PATHS
    for length, rest in every:
        if length > len(before):
            raise IndexUnreadableError("A path shares more than there is.")
        path = before[:length] + rest
        room -= len(path)
        if path <= before and paths:
            raise IndexUnreadableError("Its paths are not in order.")
        if room < 0 or len(path) > LONGEST_PATH:
            raise IndexUnreadableError("Its paths are too long.")
        paths.append(path)
        before = path
    return paths


def check_path(path: bytes) -> None:
    """`IndexUnreadableError` for a path that does not stay below the folder."""
    around = b"/" + path if path.endswith(b"/") or not path else b"/" + path + b"/"
    if b"//" in around or b"/./" in around or b"/../" in around or b"\0" in around:
        raise IndexUnreadableError(f"It has an impossible path: {safe_name(path[:200])}")
