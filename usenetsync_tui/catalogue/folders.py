"""The `folders` and `realms` tables: what we keep, and the choices remembered for it."""

from __future__ import annotations

import secrets
from itertools import count
from typing import Any

from usenetsync_tui.catalogue.session import Transaction, load
from usenetsync_tui.model.commands import FolderChoices
from usenetsync_tui.model.folders import Compression, Folder, Priority, Profile, Realm, StoreKind
from usenetsync_tui.model.safe_name import safe_name

_SQL = load("folders.sql")


async def every(tx: Transaction) -> list[Folder]:
    """All folders, by name."""
    return [_folder(r) for r in await tx.fetch(_SQL["all"])]


async def by_path(tx: Transaction, path: bytes) -> Folder | None:
    """The folder kept at an absolute path."""
    row = await tx.maybe(_SQL["by_path"], {"path": path})
    return _folder(row) if row else None


async def by_id(tx: Transaction, folder_id: int) -> Folder | None:
    """The folder with an id."""
    row = await tx.maybe(_SQL["by_id"], {"id": folder_id})
    return _folder(row) if row else None


async def find(tx: Transaction, word: str, path: bytes) -> Folder | None:
    """A folder by the name, the path (`path`: the word made absolute) or the id a user typed."""
    row = await tx.maybe(_SQL["by_name"], {"name": word})
    row = row or await tx.maybe(_SQL["by_path"], {"path": path})
    if not row and word.isascii() and word.isdigit() and len(word) < 19:
        row = await tx.maybe(_SQL["by_id"], {"id": int(word)})
    return _folder(row) if row else None


async def keep(tx: Transaction, path: bytes, choices: FolderChoices) -> Folder:
    """The folder at a path, made on first use; the choices given now are remembered."""
    known = await by_path(tx, path)
    store = choices.store or (known.realm.store if known else StoreKind.SHARDS)
    profile = choices.profile or (known.realm.profile if known else Profile.PACKED)
    compression = choices.compression or (known.compression if known else Compression.LZ4)
    priority = choices.priority
    if priority is None:  # CRITICAL is 0
        priority = known.priority if known else Priority.NORMAL
    values = {
        "realm": await _realm(tx, store, profile),
        "priority": int(priority),
        "compression": str(compression),
        "copies": choices.copies or (known.copies if known else 1),
    }
    if known:
        await tx.run(_SQL["update"], {**values, "id": known.id})
    else:
        await tx.run(_SQL["insert"], {**values, "path": path, "name": await _name(tx, path)})
    folder = await by_path(tx, path)
    assert folder is not None
    return folder


async def _realm(tx: Transaction, store: StoreKind, profile: Profile) -> int:
    row = await tx.one(
        _SQL["realm"],
        {"store": str(store), "profile": str(profile), "domain": f"{secrets.token_hex(6)}.invalid"},
    )
    realm_id: int = row[0]
    return realm_id


async def _name(tx: Transaction, path: bytes) -> str:
    last = safe_name(path.rstrip(b"/").rpartition(b"/")[2]) or "root"
    taken = {r[0] for r in await tx.fetch(_SQL["names_like"], {"name": last})}
    if last not in taken:
        return last
    return next(name for i in count(2) if (name := f"{last}-{i}") not in taken)


def _folder(row: tuple[Any, ...]) -> Folder:
    realm = Realm(row[6], StoreKind(row[7]), Profile(row[8]), row[9])
    return Folder(row[0], row[1], row[2], realm, Priority(row[3]), Compression(row[4]), row[5])
