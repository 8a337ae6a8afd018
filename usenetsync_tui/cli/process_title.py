"""Takes a secret out of the line that other users see of this process (``ps``, /proc/PID/cmdline).

Linux only; elsewhere it does nothing. The line was readable until then, and a shell may remember
it: what never should be seen must not be typed there.
"""

from __future__ import annotations

import os
from contextlib import suppress

_STARTS, _ENDS = 48, 49
"""Which fields of /proc/PID/stat say where the arguments are (proc_pid_stat(5)), from 1."""


def hide_argument(secret: str) -> None:
    """Overwrite an argument of this process by ``x``, wherever it stands in the line."""
    needle = os.fsencode(secret)
    with suppress(OSError, ValueError, IndexError):
        with open("/proc/self/stat", "rb") as file:
            # The second field, the name of the program, may have spaces and brackets.
            fields = file.read().rpartition(b")")[2].split()
        start, end = int(fields[_STARTS - 3]), int(fields[_ENDS - 3])
        with open("/proc/self/mem", "r+b", buffering=0) as memory:
            memory.seek(start)
            line = memory.read(end - start)
            at = line.find(needle) if needle else -1
            while at >= 0:
                memory.seek(start + at)
                memory.write(b"x" * len(needle))
                at = line.find(needle, at + len(needle))
