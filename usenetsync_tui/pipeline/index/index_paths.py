"""The part of an indexed version that a path names; for a path that it does not have, the nearest.

The same as `restore.version_paths`, for a version that is in no catalogue. Looks at no more than
some thousands of names, since a directory may have millions.
"""

from __future__ import annotations

import os

from usenetsync_tui.errors import UnknownPathError
from usenetsync_tui.model.text.nearest import nearest
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.pipeline.index.read_version import VersionReader

_MOST = 4000


def spans_of(prefix: bytes) -> list[tuple[bytes, bytes | None]]:
    """The ranges of a path and of everything below it; of the whole version for ``b""``."""
    name = prefix.strip(b"/")
    if not name:
        return [(b"", None)]
    return [(name, name + b"\0"), (name + b"/", name + b"0")]  # "0" follows "/"


async def no_such_path(
    reader: VersionReader, prefix: bytes, name: str, folder: bytes
) -> UnknownPathError:
    """The error that names the path, the version, and the nearest path that it has.

    `name` and `folder`: the folder's name, and its path on the machine that made the version.
    """
    near = await _nearest(reader, prefix, folder)
    hint = f' Did you mean "{safe_name(near)}"?' if near else ""
    shown = (
        f'Version {reader.version} of "{safe_name(name)}" does not contain "{safe_name(prefix)}"'
    )
    return UnknownPathError(f"{shown}.{hint}")


async def _nearest(reader: VersionReader, prefix: bytes, folder: bytes) -> bytes | None:
    plain = os.path.normpath(b"/" + prefix.strip(b"/"))[1:]  # without "." and ".."
    for path in ((b"/" + plain).removeprefix(folder.rstrip(b"/") + b"/").strip(b"/"), plain):
        if path and path != prefix and await contains(reader, path):
            return path
    names = plain.split(b"/")
    above = b""
    while len(names) > 1 and await reader.entry(above + names[0] + b"/") is not None:
        above += names.pop(0) + b"/"
    below = await _names(reader, above, b"") | await _names(reader, above, names[0][:1])
    by_text = {safe_name(each): each for each in below}
    found = nearest(safe_name(names[0]), by_text)
    return above + by_text[found] if found is not None else above.rstrip(b"/") or None


async def contains(reader: VersionReader, path: bytes) -> bool:
    """Whether the version has a file or a directory of this path."""
    return any([await reader.entry(each) is not None for each in (path, path + b"/")])


async def _names(reader: VersionReader, above: bytes, begin: bytes) -> set[bytes]:
    """Some names in a directory, those from `begin` on; `above`: its path with a slash."""
    names: set[bytes] = set()
    seen = 0
    async for entry in reader.entries(above + begin, above[:-1] + b"0" if above else None):
        names.add(entry.path.removeprefix(above).partition(b"/")[0])
        seen += 1
        if seen == _MOST:
            break
    return names - {b""}
