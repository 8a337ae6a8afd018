"""What few files have beside the columns of every row. Every call takes its transaction."""

from __future__ import annotations

from collections.abc import Sequence

from blake3 import blake3

from usenetsync_tui.catalogue.session import Transaction, column, load
from usenetsync_tui.catalogue.tables.index import changes
from usenetsync_tui.codec.index.attributes import write_extents
from usenetsync_tui.model.metadata.metadata import Metadata
from usenetsync_tui.postgres.arrays import bytea_array, int8_array

_SQL = load(__package__, "metadata.sql")

Found = tuple[bytes, Metadata]
"""The key of a path, and what it has."""


def xattrs_digest(value: bytes | None) -> bytes | None:
    """The digest by which files share their extended attributes."""
    return None if value is None else blake3(value).digest()


async def add_xattrs(tx: Transaction, values: Sequence[bytes]) -> None:
    """Sets of extended attributes that files may refer to by their digests."""
    unique = {blake3(value).digest(): value for value in values}
    if unique:
        pairs = sorted(unique.items())  # in one order, so that two transactions never deadlock
        digests, found = bytea_array([d for d, _ in pairs]), bytea_array([v for _, v in pairs])
        await tx.run(_SQL["add_xattrs"], {"digests": digests, "found": found})


async def record(tx: Transaction, folder: int, found: Sequence[Found]) -> None:
    """Give current rows what their paths have; one without anything is left as it is."""
    rows = [(key, each) for key, each in found if each[:3] != (None, None, None)]
    if rows:
        await replace(tx, folder, rows)


async def replace(tx: Transaction, folder: int, rows: Sequence[Found]) -> None:
    """The same, also for paths that have nothing any more."""
    await add_xattrs(tx, [each.xattrs for _, each in rows if each.xattrs is not None])
    await changes.announce(tx)
    await tx.run(
        _SQL["record"],
        {
            "folder": folder,
            "keys": bytea_array([key for key, _ in rows]),
            "xattrs": bytea_array([xattrs_digest(each.xattrs) for _, each in rows]),
            "link_sets": int8_array([each.link_set for _, each in rows]),
            "extents": bytea_array(
                [None if each.extents is None else write_extents(each.extents) for _, each in rows]
            ),
        },
    )


async def take_lonely_links(tx: Transaction, folder: int, version: int, limit: int) -> list[bytes]:
    """Forget the link sets of some files with one name in the folder; returns their keys."""
    values = {"folder": folder, "version": version, "limit": limit}
    return column(await tx.fetch(_SQL["take_lonely_links"], values))


async def is_known(tx: Transaction, folder: int) -> bool:
    """Whether the current rows of a folder tell what its files have."""
    return await _since(tx, folder) is not None


async def tells_all(tx: Transaction, folder: int, version: int) -> bool:
    """Whether a version tells all extended attributes and special files that it had.

    One that an earlier program made has neither, whatever was in the folder.
    """
    since = await _since(tx, folder)
    return since is not None and version >= since


async def _since(tx: Transaction, folder: int) -> int | None:
    since: int | None = (await tx.one(_SQL["since"], {"folder": folder}))[0]
    return since


async def set_known(tx: Transaction, folder: int, version: int) -> None:
    """From a version on they do."""
    await tx.run(_SQL["set_known"], {"folder": folder, "version": version})
