"""System calls on a socket that never wait, made without releasing the GIL.

Python releases the GIL for each call on a socket, and a thread that wants it back stands behind
all others: for a command of six bytes, or for an answer that has arrived, that wait is many times
longer than the call. Knows send(2) and recv(2). Refuses to know errors: after one, nothing was
moved, and the caller repeats the call by Python's own socket, which waits or raises the error.
"""

from __future__ import annotations

import ctypes
import socket

SHORT = 512
"""Bytes that may be sent in this way: a command line (RFC 3977 section 3.1)."""
OF_LINES = 8_192
"""Bytes that may be received in this way: a few lines."""

_libc = ctypes.PyDLL(None)
_send, _recv = _libc.send, _libc.recv
for _call in (_send, _recv):
    _call.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int)
    _call.restype = ctypes.c_ssize_t
_FLAGS = socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL


def send_at_once(sock: socket.socket, data: bytes) -> int:
    """How many bytes the kernel took without waiting."""
    taken: int = _send(sock.fileno(), data, len(data), _FLAGS)
    return max(0, taken)


class Arrivals:
    """What has arrived at a socket, for one reader at a time."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._buffer = ctypes.create_string_buffer(OF_LINES)
        self._view = memoryview(self._buffer)

    def take(self, most: int) -> bytes:
        """At most `most` bytes, `OF_LINES` at most; b"" when nothing has arrived yet."""
        count = _recv(self._socket.fileno(), self._buffer, min(most, OF_LINES), _FLAGS)
        return self._view[:count].tobytes() if count > 0 else b""
