"""The part of a version that a path names; for a path that it does not have, the nearest.

Knows paths as bytes, relative to the folder. Refuses to know what is done with the part. Looks at
no more than some pages of names, since a directory may have millions.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from usenetsync_tui.catalogue.session import Transaction
from usenetsync_tui.catalogue.tables import version_files
from usenetsync_tui.catalogue.tables.version_files import Span
from usenetsync_tui.errors import UnknownPathError
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.text.nearest import nearest
from usenetsync_tui.model.text.safe_name import safe_name

_PAGES = 40
_ROWS = 100


def spans(folder: int, version: int, prefix: bytes) -> list[Span]:
    """The keys of a path and of everything below it; of the whole version for ``b""``."""
    name = prefix.strip(b"/")
    if not name:
        return [Span(folder, version)]
    below = Span(folder, version, name + b"/", name + b"0")  # "0" follows "/"
    return [Span(folder, version, name, name + b"\0"), below]


def spans_of(folder: int, version: int, paths: Sequence[bytes]) -> list[Span]:
    """The spans of some paths, in the order of their keys; without a path, of the whole version."""
    every = [span for path in paths or (b"",) for span in spans(folder, version, path)]
    return sorted(every, key=lambda span: span.start)


async def contains(tx: Transaction, parts: Sequence[Span]) -> bool:
    """Whether a version has anything in these parts."""
    return any([await version_files.version_page(tx, span, 1) for span in parts])


async def require_path(tx: Transaction, folder: Folder, version: int, prefix: bytes) -> None:
    """Make sure that a version has a path. `UnknownPathError` names the nearest."""
    if prefix and not await contains(tx, spans(folder.id, version, prefix)):
        raise await no_such_path(tx, folder, version, prefix)


async def require_paths(
    tx: Transaction, folder: Folder, version: int, paths: Sequence[bytes]
) -> None:
    """Make sure that a version has each of some paths; without one, that it has anything."""
    for path in paths or (b"",):
        if not await contains(tx, spans(folder.id, version, path)):
            raise await no_such_path(tx, folder, version, path)


async def no_such_path(
    tx: Transaction, folder: Folder, version: int, prefix: bytes
) -> UnknownPathError:
    """The error that names the path, the version, and the nearest path that it has."""
    near = await _nearest(tx, folder, version, prefix)
    hint = f' Did you mean "{safe_name(near)}"?' if near else ""
    shown, name = safe_name(prefix), safe_name(folder.name)
    return UnknownPathError(f'Version {version} of "{name}" does not contain "{shown}".{hint}')


async def _nearest(tx: Transaction, folder: Folder, version: int, prefix: bytes) -> bytes | None:
    plain = os.path.normpath(b"/" + prefix.strip(b"/"))[1:]  # without "." and ".."
    inside = b"/" + plain
    for path in (inside.removeprefix(folder.path.rstrip(b"/") + b"/"), plain):
        path = path.strip(b"/")
        if path and path != prefix and await contains(tx, spans(folder.id, version, path)):
            return path
    names = plain.split(b"/")
    depth = await _existing(tx, folder, version, names)
    above = b"".join(name + b"/" for name in names[:depth])
    wanted = names[depth]
    below = await _names(tx, folder, version, above, b"") | await _names(
        tx, folder, version, above, wanted[:1]
    )
    by_text = {safe_name(name): name for name in below}
    found = nearest(safe_name(wanted), by_text)
    return above + by_text[found] if found is not None else above.rstrip(b"/") or None


async def _existing(tx: Transaction, folder: Folder, version: int, names: list[bytes]) -> int:
    """How many of these names, from the first on, lead to a path that the version has."""
    least, most = 0, len(names) - 1  # not all of them
    while least < most:
        middle = (least + most + 1) // 2
        if await contains(tx, spans(folder.id, version, b"/".join(names[:middle]))):
            least = middle
        else:
            most = middle - 1
    return least


async def _names(
    tx: Transaction, folder: Folder, version: int, above: bytes, begin: bytes
) -> set[bytes]:
    """Some names in a directory, those from `begin` on; `above`: its path with a slash."""
    names: set[bytes] = set()
    start, until = above + begin, above[:-1] + b"0" if above else None  # "0" follows "/"
    for _ in range(_PAGES):
        page = await version_files.version_page(tx, Span(folder.id, version, start, until), _ROWS)
        if not page:
            break
        names |= {row.path.removeprefix(above).partition(b"/")[0] for row in page}
        name, is_below, _ = page[-1].path.removeprefix(above).partition(b"/")
        # Past what is below a directory: that may be millions of rows.
        start = above + name + b"0" if is_below else page[-1].key + b"\0"
    return names - {b""}
