"""Finds bytes in bytes outside of the GIL, several times faster than Python does.

Every received byte is searched for the end of its answer: with a regular expression that was the
largest part of the time in which a fetching thread blocked the others.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable

_Search = Callable[[bytes, int, bytes, int], int | None]


def _memmem() -> _Search | None:
    """memmem(3), of glibc, musl and the BSDs; None where the C library has none."""
    try:
        call = ctypes.CDLL(None).memmem
    except (AttributeError, OSError):
        return None
    call.argtypes = (ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t)
    call.restype = ctypes.c_void_p
    found: _Search = call
    return found


_SEARCH = _memmem()


def first_in(data: bytes, wanted: bytes) -> int:
    """Where `wanted` begins first in `data`; -1 if it does not occur."""
    if _SEARCH is None:
        return data.find(wanted)
    place = _SEARCH(data, len(data), wanted, len(wanted))
    return -1 if place is None else place - _address(data)


def _address(data: bytes) -> int:
    """Where the bytes lie in memory."""
    return ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p).value or 0
