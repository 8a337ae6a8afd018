"""What the processes of a server call themselves: ``postgres: startup`` and the like."""

from __future__ import annotations

from pathlib import Path


def children_titles(pid: int) -> list[bytes]:
    """The titles of the children of a process; empty where the kernel does not list them."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_bytes().split()
    except OSError:
        return []  # No Linux, or the process has just ended.
    titles = []
    for child in children:
        try:
            titles.append(Path(f"/proc/{int(child)}/cmdline").read_bytes())
        except OSError:
            continue  # It has just ended.
    return titles
