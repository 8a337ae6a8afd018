"""Writes an adopted folder: rows as if this catalogue had made its versions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from usenetsync_tui.catalogue.session import Transaction, load
from usenetsync_tui.postgres.copy import copy_rows

_SQL = load(__package__, "adopted.sql")
_FILE_TYPES = (
    *("bytea", "int2", "int4", "int8", "int8", "int8", "int8", "int8", "int8", "int8", "bytea"),
    *("int2", "int8", "int8", "bytea", "int2", "text", "bool", "bytea", "bool"),
)
_SEGMENT_TYPES = (
    *("int8", "int2", "int8", "int4", "int8", "int4", "int2", "int4", "int4", "bytea", "int2"),
    "bytea",
)


async def is_empty(tx: Transaction) -> bool:
    """Whether the catalogue has no objects."""
    empty: bool = (await tx.one(_SQL["is_empty"]))[0]
    return empty


async def add_realm(tx: Transaction, values: Mapping[str, object]) -> int:
    """A realm as it was; returns its id here."""
    realm: int = (await tx.one(_SQL["add_realm"], values))[0]
    return realm


async def add_folder(tx: Transaction, values: Mapping[str, object]) -> int:
    """The folder; returns its id."""
    folder: int = (await tx.one(_SQL["add_folder"], values))[0]
    return folder


async def add_place(tx: Transaction, folder: int, place: int, realm: int) -> None:
    """The number by which runs refer to a realm."""
    await tx.run(_SQL["add_place"], {"folder": folder, "place": place, "realm": realm})


async def add_version(tx: Transaction, folder: int, line: Mapping[str, object]) -> None:
    """A finished version."""
    await tx.run(_SQL["add_version"], {**line, "folder": folder})


async def begin(tx: Transaction, next_object: int) -> None:
    """Make the staging tables; new objects get numbers from `next_object` on."""
    await tx.fetch(_SQL["continue_numbers"], {"next": next_object})
    for statement in _SQL["staging"].split(";"):
        if statement.strip():
            await tx.run(statement)


async def add_files(
    tx: Transaction, folder: int, version: int, rows: Iterable[Sequence[object]]
) -> None:
    """The entries of a page of a version's run; older runs first."""
    await copy_rows(tx.connection, _SQL["copy_files"], _FILE_TYPES, rows)
    values = {"folder": folder, "version": version}
    await tx.run(_SQL["end_earlier"], values)
    await tx.run(_SQL["add_files"], values)
    await tx.run(_SQL["forget_page"])


async def add_segments(
    tx: Transaction, folder: int, copies: int, rows: Iterable[Sequence[object]]
) -> None:
    """The objects and articles of a page; newer runs first."""
    await copy_rows(tx.connection, _SQL["copy_segments"], _SEGMENT_TYPES, rows)
    values = {"folder": folder, "copies": copies}
    await tx.run(_SQL["add_objects"], values)
    await tx.run(_SQL["add_segments"], values)
    await tx.run(_SQL["forget_page"])


async def sum_up(tx: Transaction, folder: int) -> None:
    """Count the files and articles of each object."""
    await tx.run(_SQL["sum_up"], {"folder": folder})


async def without_digest(
    tx: Transaction, folder: int, after: int, limit: int
) -> list[tuple[int, int, int, int]]:
    """(object, size, segment size, digest kind) of the next large files that lack their digest."""
    values = {"folder": folder, "after": after, "limit": limit}
    return await tx.fetch(_SQL["without_digest"], values)


async def digests(
    tx: Transaction, object_id: int, after: int, limit: int
) -> list[tuple[int, bytes]]:
    """(segment index, digest) of the next segments of an object; -1 begins."""
    values = {"object": object_id, "after": after, "limit": limit}
    return await tx.fetch(_SQL["digests"], values)


async def set_digest(tx: Transaction, folder: int, object_id: int, digest: bytes) -> None:
    """The digest of a large file."""
    await tx.run(_SQL["set_digest"], {"folder": folder, "object": object_id, "digest": digest})
