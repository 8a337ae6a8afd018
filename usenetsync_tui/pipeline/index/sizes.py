"""sizes: how large the pages and the root of an index may be, so that each fits an article."""

from __future__ import annotations

from usenetsync_tui.codec.index.cutting import PAGE_TARGET
from usenetsync_tui.codec.index.root import FEW

MOST_DELTAS = 32
"""The most delta runs after a base."""
_FRAME = 8_192
"""Bytes of an article that a page leaves for its frame and its last row."""
_SMALLEST = 8_192
"""The smallest target of a page, however small chunk_size is."""
_TAKEN_BY_ALL = 1 << 16
_HALVES = 2
_RUNS = MOST_DELTAS + 1


def page_target(chunk_size: int) -> int:
    """Bytes of the columns of a page. `chunk_size`: source bytes of an article."""
    return min(PAGE_TARGET, max(_SMALLEST, chunk_size - _FRAME))


def root_room(chunk_size: int) -> int:
    """The most bytes of a root."""
    return max(2 * _SMALLEST, chunk_size - _FRAME)


def largest_root(chunk_size: int) -> int:
    """The most bytes of a root that is posted at all: every server takes so large an article."""
    return max(_TAKEN_BY_ALL, chunk_size)


def share_of_root(chunk_size: int) -> int:
    """The most bytes of a directory in a root: each run has two, and they get half of the root."""
    return page_target(chunk_size) // _HALVES // 2 // _RUNS


def few(chunk_size: int) -> int:
    """The most paths of a run that has fingerprints: 4 bytes each, a quarter of the root."""
    return min(FEW, page_target(chunk_size) // 4 // 4 // _RUNS)
