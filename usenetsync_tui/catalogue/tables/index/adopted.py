"""Writes an adopted folder: rows as if this catalogue had made its versions.

Runs come oldest first. The rows of the first one go straight into the tables; those of later ones
are staged, and end or replace what is there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from usenetsync_tui.catalogue.session import Transaction, column, load
from usenetsync_tui.catalogue.tables.index import changes
from usenetsync_tui.catalogue.tables.index.adopted_rows import FileRows
from usenetsync_tui.catalogue.tables.metadata import metadata, owners
from usenetsync_tui.model.path_keys import path_key
from usenetsync_tui.postgres.copy import copy_packed

_SQL = load(__package__, "adopted.sql")


async def reserve(tx: Transaction, count: int) -> int:
    """Reserve `count` numbers of objects; returns the number before the first of them."""
    await lock_numbers(tx)
    last: int = (await tx.one(_SQL["reserve"], {"next": count}))[0]
    return last


async def lock_numbers(tx: Transaction) -> None:
    """Nobody else takes numbers of objects until the transaction ends."""
    await tx.run(_SQL["reserve_lock"])


async def adopted_here(tx: Transaction, names: Collection[bytes]) -> tuple[str, bytes] | None:
    """Name and path of the folder that has an article with one of these Message-IDs."""
    row = await tx.maybe(_SQL["adopted_here"], {"names": list(names)})
    return (row[0], row[1]) if row else None


async def names(tx: Transaction) -> set[str]:
    """The names of all folders."""
    return set(column(await tx.fetch(_SQL["names"])))


async def add_realm(tx: Transaction, values: Mapping[str, object]) -> int:
    """A realm as it was; returns its id here. One that is not sealed may be here already."""
    if values["owner"] is None:
        known = await tx.maybe(_SQL["realm_of_domain"], values)
        if known is not None:
            return int(known[0])
    realm: int = (await tx.one(_SQL["add_realm"], values))[0]
    return realm


async def add_folder(tx: Transaction, values: Mapping[str, object]) -> int:
    """The folder; returns its id."""
    folder: int = (await tx.one(_SQL["add_folder"], values))[0]
    return folder


async def add_headers(tx: Transaction, folder: int, veil: bytes) -> None:
    """The secret by which a folder's articles have random headers."""
    await tx.run(_SQL["add_headers"], {"folder": folder, "veil": veil})


async def add_place(tx: Transaction, folder: int, place: int, realm: int) -> None:
    """The number by which runs refer to a realm."""
    await tx.run(_SQL["add_place"], {"folder": folder, "place": place, "realm": realm})


async def add_version(tx: Transaction, folder: int, line: Mapping[str, object]) -> None:
    """A finished version."""
    await tx.run(_SQL["add_version"], {**line, "folder": folder})


async def begin(tx: Transaction) -> None:
    """Make the staging tables, which end with the transaction."""
    for statement in _SQL["staging"].split(";"):
        if statement.strip():
            await tx.run(statement)


async def _add_beside(tx: Transaction, folder: int, rows: FileRows) -> None:
    """What rows of files refer to."""
    await metadata.add_xattrs(tx, [*rows.xattrs])
    await owners.add(tx, folder, rows.owners)


async def add_files(tx: Transaction, folder: int, rows: FileRows) -> None:
    """Entries of the first run."""
    await _add_beside(tx, folder, rows)
    await copy_packed(tx.connection, _SQL["copy_files"], rows.rows)
    if rows.undigested:
        await copy_packed(tx.connection, _SQL["stage_files"], rows.undigested)
        await tx.run(_SQL["add_files"])
        await tx.run(_SQL["forget_staged"])


async def stage_files(tx: Transaction, folder: int, rows: FileRows) -> None:
    """Entries of a later run, and the keys that it removes."""
    await _add_beside(tx, folder, rows)
    await copy_packed(tx.connection, _SQL["stage_files"], [*rows.rows, *rows.undigested])
    await copy_packed(tx.connection, _SQL["stage_removed"], rows.removed)


async def end_delta(tx: Transaction, folder: int, version: int) -> None:
    """The staged files are those that changed up to a version, or in it since its last run."""
    values = {"folder": folder, "version": version}
    await _keep_same(tx, values)
    await tx.run(_SQL["forget_amended"], values)
    await tx.run(_SQL["end_earlier"], values)
    await _end_later(tx)


async def end_base(tx: Transaction, folder: int, version: int) -> None:
    """The staged files are all that a version has."""
    values = {"folder": folder, "version": version}
    await _keep_same(tx, values)
    await tx.run(_SQL["end_absent"], values)
    await _end_later(tx)


async def _keep_same(tx: Transaction, values: Mapping[str, object]) -> None:
    await tx.run(_SQL["begin_later"])
    await tx.run(_SQL["analyze"])
    await tx.run(_SQL["keep_same"], values)


async def _end_later(tx: Transaction) -> None:
    await tx.run(_SQL["end_later"])
    await tx.run(_SQL["add_files"])
    await tx.run(_SQL["forget_staged"])


async def add_objects(
    tx: Transaction, segments: Sequence[bytes], parts: Sequence[bytes], replaced: Collection[int]
) -> None:
    """Articles and parts of objects (`adopted_rows.object_rows`).

    `replaced`: objects that begin in these rows, and that an earlier run may have described.
    """
    if replaced:
        values = {"objects": list(replaced)}
        await tx.run(_SQL["replace_segments"], values)
        await tx.run(_SQL["replace_objects"], values)
    await copy_packed(tx.connection, _SQL["copy_segments"], segments)
    await copy_packed(tx.connection, _SQL["copy_objects"], parts)


async def add_aliases(tx: Transaction, rows: Sequence[tuple[bytes, str, bool]]) -> None:
    """Further names of articles: Message-ID, name, whether it is the one to ask for first."""
    if not rows:
        return
    await changes.announce(tx)
    columns = [list(each) for each in zip(*rows, strict=True)]
    values = dict(zip(("names", "wire_ids", "adopted"), columns, strict=True))
    await tx.run(_SQL["add_aliases"], values)


async def needed(tx: Transaction, folder: int) -> list[int]:
    """The objects of the adopted files, ascending."""
    return column(await tx.fetch(_SQL["needed"], {"folder": folder}))


async def forget_between(tx: Transaction, folder: int) -> None:
    """Delete what only versions had that are forgotten: the runs of others tell it all the same."""
    await tx.run(_SQL["forget_between"], {"folder": folder})


async def sum_up(tx: Transaction, folder: int) -> bytes | None:
    """Make the objects of their parts; returns a path whose content is in none of them."""
    values = {"folder": folder}
    await tx.run(_SQL["analyze_loaded"])
    await tx.run(_SQL["use_objects"], values)
    await tx.run(_SQL["add_objects"], values)
    await tx.run(_SQL["analyze_uses"])
    await tx.run(_SQL["drop_unused"])
    await tx.run(_SQL["count_sealed"])
    row = await tx.maybe(_SQL["misplaced"], values)
    return row[0] if row else None


async def set_digests(tx: Transaction, folder: int) -> None:
    """The digests of large files that were added before their objects were known."""
    await tx.run(_SQL["set_digests"], {"folder": folder})


async def lose_misplaced(tx: Transaction, folder: int, reason: str) -> None:
    """Files whose content is in none of the objects that are known cannot be restored."""
    await tx.run(_SQL["lose_misplaced"], {"folder": folder, "reason": reason})


async def lose_paths(
    tx: Transaction,
    folder: int,
    version: int,
    first: bytes,
    end: bytes | None,
    path: bytes,
    reason: str,
) -> None:
    """Forget the paths from one on to before another; a failed file at `path` stands for them."""
    await tx.run(_SQL["forget_paths"], {"folder": folder, "first": first, "end": end})
    key = path_key(path)
    values = {"folder": folder, "version": version, "key": key, "reason": reason}
    await tx.run(_SQL["add_lost"], {**values, "long_path": None if key == path else path})


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


async def folder_at(tx: Transaction, path: bytes) -> tuple[str, bytes] | None:
    """Name and path of the folder at a path."""
    row = await tx.maybe(_SQL["folder_at"], {"path": path})
    return (row[0], row[1]) if row else None
