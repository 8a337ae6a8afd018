"""Whether a restore would write into the folder it was made of.

Folders are compared by device and inode, up to the root, so that no link hides one in the other;
and by their place inside the file system, so that no bind mount does. Synchronous.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from usenetsync_tui.disk.mount_table import MountTable
from usenetsync_tui.errors import UsageError
from usenetsync_tui.model.safe_name import safe_name


def refuse_overlap(target: bytes, source: bytes, *, way_out: str) -> None:
    """`UsageError` when the target is the source folder, inside it, or around it.

    Both are absolute. A source that is not there any more can be restored where it was.
    `way_out` is a sentence that says what to do instead.
    """
    relation = _relation(os.path.realpath(target), os.path.realpath(source))
    if relation:
        raise UsageError(
            f"{safe_name(target)} {relation} the folder that is kept ({safe_name(source)}), whose "
            f"files would be replaced. {way_out}"
        )


def _relation(target: bytes, source: bytes) -> str:
    if not os.path.isdir(source):
        return ""
    targets, sources = list(_identities(target)), list(_identities(source))
    is_there = os.path.lexists(target)
    if is_there and targets[0] == sources[0]:
        return "is"
    if sources[0] in targets or _is_mounted_from(target, source):
        return "is inside"
    if (is_there and targets[0] in sources) or (is_there and _is_mounted_from(source, target)):
        return "is around"
    return ""


def _identities(path: bytes) -> Iterator[tuple[int, int]]:
    """Device and inode of a folder and those above it, as far as they are there."""
    while True:
        try:
            status = os.stat(path)
        except OSError:
            pass  # it will be made, or may not be looked at; those above it count
        else:
            yield status.st_dev, status.st_ino
        if path == os.path.dirname(path):
            return
        path = os.path.dirname(path)


def _is_mounted_from(inner: bytes, outer: bytes) -> bool:
    """Whether a folder is, by its place in the file system, below another or what is mounted there.

    A bind mount shows it under another path, whose parents are others.
    """
    table = MountTable.read()
    place = table.place(inner)
    if place is None:
        return False
    device, inside = place
    for folder in (outer, *(os.path.join(outer, b) for b in table.below(outer))):
        found = table.place(folder)
        if found is not None and found[0] == device:
            if (inside + b"/").startswith(found[1].rstrip(b"/") + b"/"):
                return True
    return False
