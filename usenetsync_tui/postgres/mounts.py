"""Whether other machines see the locks of a file system, by its mount options.

On NFS the server keeps a lock, and it holds for every machine, unless the mount has ``nolock`` or
``local_lock`` (nfs(5)): then the lock holds on one machine only, without any error.
"""

from __future__ import annotations

import os
from pathlib import Path

_TABLE = Path("/proc/self/mountinfo")
_LOCAL = frozenset({"nolock", "local_lock=flock", "local_lock=all"})


def has_local_locks(folder: Path) -> bool:
    """Whether other machines may use the file system of ``folder`` without seeing our locks."""
    try:
        table = _TABLE.read_text(errors="surrogateescape")
    except FileNotFoundError:
        return False  # Not Linux.
    return has_local_locks_in(table, folder.stat().st_dev)


def has_local_locks_in(table: str, device: int) -> bool:
    """The same for the file system with this device number. Source: proc_pid_mountinfo(5)."""
    wanted = f"{os.major(device)}:{os.minor(device)}"
    for line in table.splitlines():
        mount, _, file_system = line.partition(" - ")
        fields, kind = mount.split(), file_system.split()
        if fields[2:3] == [wanted] and kind and kind[0].startswith("nfs"):
            return bool(_LOCAL & set(kind[-1].split(",")))
    return False
