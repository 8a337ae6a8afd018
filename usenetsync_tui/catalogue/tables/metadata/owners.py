"""The names of users and groups, as they were where the versions were made."""

from __future__ import annotations

from collections.abc import Collection

from usenetsync_tui.catalogue.session import Transaction, load
from usenetsync_tui.model.metadata.owners import OwnerName
from usenetsync_tui.postgres.arrays import bool_array, bytea_array, int8_array

_SQL = load(__package__, "owners.sql")


async def names(tx: Transaction, folder: int) -> list[OwnerName]:
    """The known names of a folder's owners."""
    return [OwnerName._make(row) for row in await tx.fetch(_SQL["names"], {"folder": folder})]


async def add(tx: Transaction, folder: int, found: Collection[OwnerName]) -> None:
    """Names; the newest of a number counts."""
    unique = {(each.is_group, each.number): each for each in found if each.name}
    if unique:
        groups, numbers, texts = zip(*sorted(unique.values()), strict=True)
        values = {"groups": bool_array(groups), "numbers": int8_array(numbers)}
        await tx.run(_SQL["add"], {**values, "folder": folder, "names": bytea_array(texts)})


async def of_version(
    tx: Transaction, folder: int, version: int, *, whole: bool
) -> list[tuple[int | None, int | None]]:
    """User and group of the rows that a version added; `whole`: of all that it has."""
    values = {"folder": folder, "version": version}
    return await tx.fetch(_SQL["of_version" if whole else "of_changes"], values)


async def acls_of_version(
    tx: Transaction, folder: int, version: int, *, whole: bool
) -> list[bytes]:
    """The sets of extended attributes in them."""
    values = {"folder": folder, "version": version}
    rows = await tx.fetch(_SQL["xattrs_of_version" if whole else "xattrs_of_changes"], values)
    return [row[0] for row in rows]
