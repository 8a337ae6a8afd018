"""Whether a restore would write into the folder that was backed up.

Compares folders by device and inode, up to the root, so that no link can hide an overlap; and by
their path inside the file system, so that no bind mount can. Synchronous.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from usenetsync_tui.disk.mount_table import MountTable
from usenetsync_tui.errors import UsageError
from usenetsync_tui.model.text.safe_name import safe_name


def refuse_overlap(target: bytes, source: bytes, *, way_out: str) -> None:
    """`UsageError` when the target is the source folder, inside it, or around it.

    Both are absolute. A source that no longer exists can be restored to its old path.
    `way_out` is a sentence that says what to do instead.
    """
    relation = _relation(os.path.realpath(target), os.path.realpath(source))
    if relation:
        raise UsageError(
            f"{safe_name(target)} {relation} the backed-up folder ({safe_name(source)}), whose "
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
    """Device and inode of a folder and those above it, as far as they exist."""
    while True:
        try:
            status = os.stat(path)
        except OSError:
            pass  # it will be made, or cannot be read; those above it count
        else:
            yield status.st_dev, status.st_ino
        if path == os.path.dirname(path):
            return
        path = os.path.dirname(path)


def _is_mounted_from(inner: bytes, outer: bytes) -> bool:
    """Whether a folder is below another, or below a mount in it, inside the file system.

    A bind mount shows the folder under another path, with other parents.
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
