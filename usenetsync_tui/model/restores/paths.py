"""The parts of a folder that a restore brings back, as paths inside it.

Knows what a typed or copied path means. Refuses to know whether a version has it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

MOST_PATHS = 1_000
"""Most paths of one restore: the catalogue is asked for each of them."""
_BETWEEN = b"\0"
"""Between paths that are stored together; no path contains it."""


def inside(path: bytes, folder: bytes) -> bytes:
    """A path relative to the folder, without slashes around it; ``b""``: the folder itself.

    An absolute path below the folder, as the screen copies it, means the same as the relative one.
    """
    root = folder.rstrip(b"/")
    if path.rstrip(b"/") == root:
        return b""
    return path.removeprefix(root + b"/").strip(b"/")


def outermost(paths: Iterable[bytes], folder: bytes) -> tuple[bytes, ...]:
    """Sorted relative paths, without those below another; empty: the whole folder."""
    names = {inside(path, folder) for path in paths}
    if b"" in names:
        return ()
    return tuple(sorted(name for name in names if names.isdisjoint(_above(name))))


def joined(paths: Iterable[bytes]) -> bytes | None:
    """Paths as one value of the catalogue; None for none of them."""
    return _BETWEEN.join(paths) or None


def parted(stored: bytes | None) -> tuple[bytes, ...]:
    """The inverse of `joined`."""
    return tuple(stored.split(_BETWEEN)) if stored else ()


def lies_in(path: bytes, parts: Collection[bytes]) -> bool:
    """Whether a relative path is one of some parts, or below one; without a part, any is.

    `parts`: without slashes at their ends; best a set.
    """
    if not parts:
        return True
    name = path.rstrip(b"/")
    return bool(name) and (name in parts or any(above in parts for above in _above(name)))


def directories_above(path: bytes) -> Iterable[bytes]:
    """The directories above a path, outermost first, with their slashes; its own if it is one."""
    at = path.find(b"/")
    while at >= 0:
        yield path[: at + 1]
        at = path.find(b"/", at + 1)


def _above(name: bytes) -> Iterable[bytes]:
    at = name.rfind(b"/")
    while at > 0:
        yield name[:at]
        at = name.rfind(b"/", 0, at)
