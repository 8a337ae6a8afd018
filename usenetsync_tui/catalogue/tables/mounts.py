"""The `mounts` table: the file systems of a folder when its last version was finished."""

from __future__ import annotations

from collections.abc import Mapping

from usenetsync_tui.catalogue.session import Transaction, column, load, text
from usenetsync_tui.model.sources import FileSystem

_SQL = load(__package__, "mounts.sql")


async def of_folder(tx: Transaction, folder: int) -> dict[bytes, FileSystem]:
    """The file systems of the newest finished version, by path; empty if not recorded yet."""
    rows = await tx.fetch(_SQL["of_folder"], {"folder": folder})
    return {path: FileSystem(*fields) for path, *fields in rows}


async def remember(tx: Transaction, folder: int, mounts: Mapping[bytes, FileSystem]) -> None:
    """Record the file systems of a version that is finished now; replaces the earlier ones."""
    await tx.run(_SQL["forget"], {"folder": folder})
    every = [mounts[path] for path in sorted(mounts)]
    await tx.run(
        _SQL["remember"],
        {
            "folder": folder,
            "paths": sorted(mounts),
            "types": [text(each.type) for each in every],
            "uuids": [text(each.uuid) for each in every],
            "fsids": [text(each.fsid) for each in every],
            "sources": [text(each.source) for each in every],
            "locations": [each.location for each in every],
        },
    )


async def forget_root(tx: Transaction, folder: int) -> None:
    """Forget which file system the folder itself was on; the next upload compares it with none."""
    await tx.run(_SQL["forget_root"], {"folder": folder})


async def used(tx: Transaction, folder: int, version: int, paths: list[bytes]) -> set[bytes]:
    """Which of some mount points have files of a version below them."""
    values = {"folder": folder, "version": version, "paths": paths}
    return set(column(await tx.fetch(_SQL["used"], values)))
