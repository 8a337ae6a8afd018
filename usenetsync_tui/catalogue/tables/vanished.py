"""The `vanished` table: the files to remove when the version under construction is finished.

Until then the rows of `files` stay as they are, so that a walk over an unmounted disk removes
nothing, however it ends. The upload does not read files listed here.

A `VanishedPart` is everything below a path except what is below others: a mount point without the
mount points in it. Gone from a version are its vanished rows, and those that ended before the
version under construction without a successor (an earlier program removed rows at once, and may
have been interrupted).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import LiteralString

from usenetsync_tui.catalogue.session import Transaction, load
from usenetsync_tui.model.value_object import value_object

_SQL = load(__package__, "vanished.sql")
_WITHIN = _SQL["within"].rstrip(";")


@value_object
class VanishedPart:
    """A part of a folder: below `path` (empty: all of it), but not below any of `without`."""

    folder: int
    path: bytes = b""
    without: Sequence[bytes] = ()
    """All of these end in a slash, as `path` does unless it is empty."""

    def values(self) -> dict[str, object]:
        """The values by their names in statements."""
        return {
            "folder": self.folder,
            "start": self.path,
            "until": _after(self.path) if self.path else None,
            "starts": list(self.without),
            "untils": [_after(path) for path in self.without],
        }


async def clear(tx: Transaction, folder: int) -> None:
    """Forget all vanished keys of a folder, when a walk begins."""
    await tx.run(_SQL["clear"], {"folder": folder})


async def add(
    tx: Transaction, folder: int, keys: Sequence[bytes], *, excluded: bool = False
) -> None:
    """Record keys that are gone; `excluded`: the filters leave them out, so nothing is missing."""
    if keys:
        values = {"folder": folder, "keys": list(keys), "excluded": excluded}
        await tx.run(_SQL["add"], values)


async def skip(tx: Transaction, part: VanishedPart) -> None:
    """Let this run read nothing of a part."""
    await tx.run(_of_part("skip"), part.values())


async def remove(tx: Transaction, folder: int, version: int) -> None:
    """Remove the vanished files from the version under construction."""
    values = {"folder": folder, "version": version}
    await tx.run(_SQL["end"], values)
    await tx.run(_SQL["delete_new"], values)
    await clear(tx, folder)


async def keep(tx: Transaction, part: VanishedPart, version: int) -> None:
    """Keep a part, and the directories above it, in the version under construction.

    Rows that ended without a successor continue.
    """
    ways = {"folder": part.folder, "keys": _ways_to(part.path)}
    await tx.run(_of_part("keep"), part.values())
    await tx.run(_SQL["keep_keys"], ways)
    await tx.run(_of_part("continue"), {**part.values(), "version": version})
    await tx.run(_SQL["continue_keys"], {**ways, "version": version})


async def forget_unread(tx: Transaction, part: VanishedPart, version: int) -> None:
    """Delete new, unread rows of the version under construction in a part or in its place.

    Call `keep` afterwards, and call this only while nothing is being read.
    """
    instead = [way.rstrip(b"/") for way in (*_ways_to(part.path), part.path)]
    await tx.run(_of_part("forget_unread"), {**part.values(), "version": version})
    values = {"folder": part.folder, "version": version, "keys": instead}
    await tx.run(_SQL["forget_keys"], values)
    await tx.run(_SQL["continue_keys"], values)


async def is_any(tx: Transaction, folder: int) -> bool:
    """Whether anything has vanished."""
    found: bool = (await tx.one(_SQL["any"], {"folder": folder}))[0]
    return found


async def missing(tx: Transaction, part: VanishedPart, version: int, building: int | None) -> int:
    """The number of files and symlinks of a version in a part that are gone.

    `building`: the version under construction, where rows may have ended before it already.
    """
    values = {**part.values(), "version": version, "building": building}
    found: int = (await tx.one(_of_part("missing"), values))[0]
    if building is not None:
        found += (await tx.one(_of_part("missing_already"), values))[0]
    return found


async def held(tx: Transaction, part: VanishedPart, version: int) -> int:
    """The number of files and symlinks of a version in a part."""
    found: int = (await tx.one(_of_part("held"), {**part.values(), "version": version}))[0]
    return found


async def is_any_left(tx: Transaction, part: VanishedPart) -> bool:
    """Whether a file or symlink in a part is current, and not vanished."""
    left: bool = (await tx.one(_of_part("left"), part.values()))[0]
    return left


def _of_part(name: str) -> LiteralString:
    return _SQL[name].replace("{within}", _WITHIN)


def _after(path: bytes) -> bytes:
    """The first key after everything below a path that ends in a slash."""
    return path[:-1] + b"0"


def _ways_to(path: bytes) -> list[bytes]:
    """The directories above a mount point, without the folder itself."""
    names = path.split(b"/")[:-2]
    return [b"/".join(names[: count + 1]) + b"/" for count in range(len(names))]
