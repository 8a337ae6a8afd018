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
from itertools import chain, islice
from operator import add, gt, lt

from usenetsync_tui.codec.index.varints import read_varints, slices, write_varints
from usenetsync_tui.errors import IndexUnreadableError
from usenetsync_tui.model.text.safe_name import safe_name

LONGEST_PATH = 4 << 20
LARGEST_PATHS = 64 << 20
_ENDS = (b"/", b"\0")
_DOTS = [before + dots + after for dots in (b".", b"..") for before in _ENDS for after in _ENDS]
"""Impossible components, in paths with a NUL before and after each."""


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
    starts, sizes = read_varints(shared, count), read_varints(lengths, count)
    ends = slices(rests, sizes)
    whole = list(map(add, starts, sizes))
    if any(map(gt, starts, chain((0,), whole))):
        raise IndexUnreadableError("A path shares more than there is.")
    if sum(whole) > LARGEST_PATHS or max(whole, default=0) > LONGEST_PATH:
        raise IndexUnreadableError("Its paths are too long.")
    paths: list[bytes] = []
    path = b""
    for start, end in zip(starts, ends, strict=True):
        path = path[:start] + end
        paths.append(path)
    if not all(map(lt, paths, islice(paths, 1, None))):
        raise IndexUnreadableError("Its paths are not in order.")
    return paths


def check_paths(paths: Sequence[bytes]) -> None:
    """`IndexUnreadableError` if one of them does not stay below the folder."""
    every = b"\0".join([b"", *paths, b""])
    has_dots = b"/." in every or b"\0." in every  # few have: that is quicker to see
    if (
        (has_dots and any(part in every for part in _DOTS))
        or b"//" in every
        or b"\0/" in every
        or every.count(b"\0") > len(paths) + 1
    ):
        for path in paths:
            check_path(path)


def check_path(path: bytes) -> None:
    """`IndexUnreadableError` for a path that does not stay below the folder."""
    around = b"/" + path if path.endswith(b"/") or not path else b"/" + path + b"/"
    if b"//" in around or b"/./" in around or b"/../" in around or b"\0" in around:
        raise IndexUnreadableError(f"It has an impossible path: {safe_name(path[:200])}")
