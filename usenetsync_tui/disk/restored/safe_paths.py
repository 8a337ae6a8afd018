"""Paths that stay inside the target: their components, checked.

Knows which names are unsafe. Refuses to know the disk.
"""

from __future__ import annotations

from usenetsync_tui.errors import TargetFileError

_UNSAFE = frozenset([b"", b".", b".."])


def split(path: bytes) -> list[bytes]:
    """The components of a relative directory path; raises TargetFileError for unsafe ones."""
    if not path:
        return []
    names = path.removesuffix(b"/").split(b"/")
    for name in names:
        check_name(name)
    return names


def check_name(name: bytes) -> None:
    """Raise TargetFileError unless this is a name inside a directory."""
    if b"/" in name or b"\0" in name or name in _UNSAFE:
        raise TargetFileError("the path would lead outside the target")
