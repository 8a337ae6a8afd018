"""The titles of a server's processes, such as ``postgres: startup``."""

from __future__ import annotations

from pathlib import Path


def children_titles(pid: int) -> list[bytes]:
    """The titles of the children of a process; empty where the kernel does not list them."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_bytes().split()
    except OSError:
        return []  # Not Linux, or the process has just ended.
    titles = []
    for child in children:
        try:
            titles.append(Path(f"/proc/{int(child)}/cmdline").read_bytes())
        except OSError:
            continue  # It has just ended.
    return titles
