"""How much freed memory the C library keeps for the next segments.

Knows glibc's mallopt(3). Refuses to know what memory is used for.
"""

from __future__ import annotations

import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""Names of mallopt(3)."""
_MIB = 1 << 20


def keep_memory(memory_limit: int = 1 << 30) -> None:
    """Have glibc keep the pages of freed segments, for the next ones.

    By default each buffer of 768,000 bytes is mapped, faulted in page by page and unmapped:
    half a million page faults for 3 GB. What is kept is resident though nothing is in it, so
    it is a sixteenth of `memory_limit` (in bytes), 64 MiB at most. Other C libraries are left as
    they are. It may be called again, with the limit that the settings say.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return  # musl, macOS, Windows
    mallopt(_MMAP_THRESHOLD, max(_MIB, min(32 * _MIB, memory_limit // 32)))
    mallopt(_TRIM_THRESHOLD, min(64 * _MIB, memory_limit // 16))
    mallopt(_ARENA_MAX, 2)
