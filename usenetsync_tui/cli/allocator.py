"""Sets how much freed memory the C library keeps for the next segments.

Knows glibc's mallopt(3). Refuses to know what the memory is used for.
"""

from __future__ import annotations

import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""Names of mallopt(3)."""
_MIB = 1 << 20


def keep_memory(memory_limit: int = 1 << 30) -> None:
    """Let glibc keep the pages of freed segments for the next ones.

    By default glibc maps each buffer of 768,000 bytes, faults it in page by page and unmaps it:
    half a million page faults for 3 GB. Kept pages stay resident while they are unused, so glibc
    keeps at most a sixteenth of `memory_limit` (in bytes), and at most 64 MiB. Other C libraries
    stay as they are. Call it again when the settings give another limit.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return  # musl, macOS, Windows
    mallopt(_MMAP_THRESHOLD, max(_MIB, min(32 * _MIB, memory_limit // 32)))
    mallopt(_TRIM_THRESHOLD, min(64 * _MIB, memory_limit // 16))
    mallopt(_ARENA_MAX, 2)
