"""Whether a server listens on a socket, and which process it is.

The kernel finds the socket by its inode, so this works between process namespaces and bind
mounts, and with servers that an earlier program started without the lock.
"""

from __future__ import annotations

import socket
import struct
from pathlib import Path

OUT_OF_SIGHT = 0
"""The id of a process in a namespace that we cannot see."""

_CREDENTIALS = struct.Struct("3i")


def listening_process(path: Path) -> int | None:
    """The process that listens on a UNIX socket, or ``OUT_OF_SIGHT``; None when there is none.

    Source: SO_PEERCRED of unix(7): the process that called listen(2), in our own namespace.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.setblocking(False)
        try:
            client.connect(str(path))
        except BlockingIOError:
            return OUT_OF_SIGHT  # The queue of waiting clients is full.
        except OSError:
            return None  # No socket, or no process that listens on it.
        option = getattr(socket, "SO_PEERCRED", None)
        if option is None:
            return OUT_OF_SIGHT
        found = client.getsockopt(socket.SOL_SOCKET, option, _CREDENTIALS.size)
    return int(_CREDENTIALS.unpack(found)[0])
