"""Finds bytes in a buffer outside of the GIL, many times faster than Python does.

Every received byte is searched for the end of its answer. strstr(3) is the C library's best loop
for that (glibc: 54 µs for an article, where memmem takes 198), but it ends at a byte zero, which
no yEnc body has. Where there is one, Python searches again.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable

_libc = ctypes.CDLL(None)
_strstr: Callable[[int, bytes], int | None] = ctypes.CFUNCTYPE(
    ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p
)(("strstr", _libc))
_strlen: Callable[[int], int] = ctypes.CFUNCTYPE(ctypes.c_size_t, ctypes.c_void_p)(
    ("strlen", _libc)
)


def first_in(buffer: memoryview, size: int, wanted: bytes) -> int:
    """Where `wanted` begins first in the first `size` bytes of a buffer; -1 if it does not occur.

    `wanted` has no zero. The byte after these bytes is overwritten.
    """
    buffer[size] = 0
    start = ctypes.addressof(ctypes.c_char.from_buffer(buffer))
    place = _strstr(start, wanted)
    if place is not None:
        return place - start
    return -1 if _strlen(start) >= size else bytes(buffer[:size]).find(wanted)
