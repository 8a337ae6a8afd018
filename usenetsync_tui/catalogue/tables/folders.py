"""The `folders` and `realms` tables: the folders that are backed up, with the user's choices."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

from usenetsync_tui.catalogue.columns import FILTERS, FOLDER, KEEP, REALM
from usenetsync_tui.catalogue.session import Transaction, column, load
from usenetsync_tui.catalogue.tables import headers
from usenetsync_tui.catalogue.tables.keeping.policies import policy_of
from usenetsync_tui.catalogue.tables.source import mounts
from usenetsync_tui.errors import UsageError
from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.digests import DigestAlgorithm
from usenetsync_tui.model.filters import Filters
from usenetsync_tui.model.folders import (
    NEWEST_HEADER_STYLE,
    Compression,
    Folder,
    FolderDefaults,
    Priority,
    Profile,
    Realm,
    StoreKind,
)
from usenetsync_tui.model.sources import FileSystem
from usenetsync_tui.model.text.safe_name import safe_name

_SQL = load(__package__, "folders.sql")
_FOLDER = len(FOLDER)
_KEEP = _FOLDER + len(FILTERS)
_REALM = _KEEP + len(KEEP)
"""Where the columns of its keep rules, and of its realm, begin in a folder's row."""


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


async def realm_by_id(tx: Transaction, realm_id: int) -> Realm:
    """The realm with an id, which must exist."""
    return _realm(await tx.one(_SQL["realm_by_id"], {"id": realm_id}))


def no_key() -> bytes:
    """The `new_key` of callers that never seal a folder: `UsageError`."""
    raise UsageError("A sealed folder needs a key.")


async def lacks_key(
    tx: Transaction,
    path: bytes,
    choices: FolderChoices,
    defaults: FolderDefaults | None = None,
) -> bool:
    """Whether `keep` would seal the folder for the first time. Raises `UsageError` like `keep`."""
    known = await by_path(tx, path)
    store, profile = _place(known, choices, defaults or FolderDefaults())
    if profile is not Profile.SEALED:
        return False
    values = {"owner": path, "store": str(store), "profile": str(profile)}
    return not (await tx.one(_SQL["is_owned"], values))[0]


async def wrapped_keys(tx: Transaction) -> list[bytes]:
    """The wrapped keys of all sealed realms, the newest first."""
    return column(await tx.fetch(_SQL["wrapped_keys"]))


async def keep(
    tx: Transaction,
    path: bytes,
    choices: FolderChoices,
    defaults: FolderDefaults | None = None,
    new_key: Callable[[], bytes] = no_key,
) -> Folder:
    """The folder at a path, added on first use; remembers the choices for later uploads.

    `new_key` makes a new wrapped key; it is called when a folder is sealed for the first time.
    `UsageError` for a profile that the store does not allow, and for wrong choices.
    """
    known, defaults = await by_path(tx, path), defaults or FolderDefaults()
    store, profile = _place(known, choices, defaults)
    headers.refuse(store, profile, choices)
    compression = choices.compression or (known.compression if known else Compression.LZ4)
    priority = choices.priority
    if priority is None:  # CRITICAL is 0
        priority = known.priority if known else Priority.NORMAL
    own_files = choices.own_files
    if own_files is None:
        own_files = known is not None and known.own_files
    on_usenet = store is StoreKind.USENET
    newsgroups = list(defaults.newsgroups) if on_usenet else []
    realm: dict[str, object] = {
        "store": str(store),
        "profile": str(profile),
        "newsgroups": newsgroups,
        "header_style": NEWEST_HEADER_STYLE,
        # A folder keeps its digest wherever it goes, so that it finds its articles when it returns.
        "digest": str(known.realm.digest if known else defaults.digest),
    }
    if profile is Profile.SEALED:
        realm_id = await _sealed_realm(tx, {**realm, "owner": path}, new_key)
    elif known and (known.realm.store, known.realm.profile) == (store, profile):
        realm_id = known.realm.id  # new newsgroups in the settings must not repost everything
    else:
        realm_id = await _shared_realm(tx, realm, choices, defaults)
    remembered = {
        "realm": realm_id,
        "priority": int(priority),
        "compression": str(compression),
        "copies": choices.copies or (known.copies if known else 1),
        "own_files": own_files,
        "ignore_inode": _ignores_inode(known, choices),
        **_filter_columns(choices.filters.applied_to(known.filters if known else Filters())),
    }
    if known:
        await tx.run(_SQL["update"], {**remembered, "id": known.id})
    else:
        await tx.run(_SQL["insert"], {**remembered, "path": path, "name": await _name(tx, path)})
    folder = await by_path(tx, path)
    assert folder is not None
    if await headers.change(tx, folder, choices, defaults):
        folder = await by_path(tx, path)
        assert folder is not None
    return folder


def _place(
    known: Folder | None, choices: FolderChoices, defaults: FolderDefaults
) -> tuple[StoreKind, Profile]:
    """Store and profile: as chosen, as remembered, or the store's default."""
    store = choices.store or (known.realm.store if known else defaults.store)
    suits = Profile.SEALED if store is StoreKind.USENET else Profile.PACKED
    remembered = known.realm.profile if known and known.realm.store is store else suits
    profile = choices.profile or remembered
    if store is StoreKind.USENET and profile is Profile.PACKED:
        raise UsageError(
            "The packed profile is not encrypted. On Usenet use sealed, or plain "
            "if everybody may read the folder."
        )
    return store, profile


def _ignores_inode(known: Folder | None, choices: FolderChoices) -> bool:
    if choices.ignore_inode is not None:
        return choices.ignore_inode
    return known is not None and known.ignore_inode


def _filter_columns(filters: Filters) -> dict[str, object]:
    values = {name: getattr(filters, name) for name in FILTERS}
    return {name: list(v) if isinstance(v, tuple) else v for name, v in values.items()}


async def set_filters(tx: Transaction, folder_id: int, filters: Filters) -> None:
    """What the versions of a folder leave out from now on."""
    await tx.run(_SQL["set_filters"], {"id": folder_id, **_filter_columns(filters)})


async def found_unstable_inodes(tx: Transaction, folder_id: int) -> None:
    """Record that inode numbers of a folder's files change while nothing else does."""
    await tx.run(_SQL["unstable_inodes"], {"id": folder_id})


async def saw_string(tx: Transaction, folder_id: int) -> None:
    """Record that the user sees a folder's recovery string."""
    await tx.run(_SQL["string_seen"], {"id": folder_id})


async def settle(tx: Transaction, folder_id: int) -> None:
    """An adopted folder was uploaded: from now on its files are those that this machine saw."""
    await tx.run(_SQL["settle"], {"id": folder_id})


async def stood(tx: Transaction, folder_id: int, inode: int) -> None:
    """Record the inode number of a folder's directory, with a version that is finished now."""
    await tx.run(_SQL["stood"], {"id": folder_id, "inode": inode})


async def at_inode(tx: Transaction, inode: int) -> list[tuple[int, FileSystem]]:
    """The ids of the folders whose directory had an inode number, with its file system then."""
    rows = await tx.fetch(_SQL["at_inode"], {"inode": inode})
    return [(folder, FileSystem(*fields)) for folder, *fields in rows]


async def move(tx: Transaction, folder: Folder, path: bytes) -> None:
    """The folder is at another path from now on; name, versions and keys stay its own."""
    await tx.run(_SQL["move"], {"id": folder.id, "path": path})
    await tx.run(_SQL["move_realms"], {"path": path, "before": folder.path})
    await mounts.forget_root(tx, folder.id)


async def _shared_realm(
    tx: Transaction,
    values: dict[str, object],
    choices: FolderChoices,
    defaults: FolderDefaults,
) -> int:
    """The id of the realm that all folders with these values share; no other has its domain."""
    sender = ""
    if values["store"] == StoreKind.USENET:
        sender = choices.poster or defaults.sender
        if choices.newsgroups is not None:
            values = {**values, "newsgroups": list(dict.fromkeys(choices.newsgroups))}
    values = {**values, "sender": sender, "obfuscated": bool(choices.obfuscate)}
    realm_id: int = (await tx.one(_SQL["shared_realm"], {**values, "domain": _domain()}))[0]
    return realm_id


async def _sealed_realm(
    tx: Transaction, values: dict[str, object], new_key: Callable[[], bytes]
) -> int:
    row = await tx.maybe(_SQL["owned_realm"], values)
    if row is None:
        made = {**values, "domain": _domain(), "wrapped_key": new_key()}
        row = await tx.one(_SQL["insert_owned_realm"], made)
    realm_id: int = row[0]
    return realm_id


def _domain() -> str:
    return f"{secrets.token_hex(6)}.invalid"


async def _name(tx: Transaction, path: bytes) -> str:
    last = safe_name(path.rstrip(b"/").rpartition(b"/")[2]) or "root"
    taken = {r[0] for r in await tx.fetch(_SQL["names_like"], {"name": last})}
    if last not in taken:
        return last
    return next(name for i in count(2) if (name := f"{last}-{i}") not in taken)


def _realm(row: Sequence[Any]) -> Realm:
    fields = dict(zip(REALM, row, strict=True))
    fields["store"] = StoreKind(fields["store"])
    fields["profile"] = Profile(fields["profile"])
    fields["newsgroups"] = tuple(fields["newsgroups"])
    fields["digest"] = DigestAlgorithm(fields["digest"])
    return Realm(**fields)


def _folder(row: Sequence[Any]) -> Folder:
    fields = dict(zip(FOLDER, row[:_FOLDER], strict=True))
    fields["priority"] = Priority(fields["priority"])
    fields["compression"] = Compression(fields["compression"])
    return Folder(
        **fields,
        filters=_filters(row[_FOLDER:_KEEP]),
        keep=policy_of(row[_KEEP:_REALM]),
        realm=_realm(row[_REALM:]),
    )


def _filters(row: Sequence[Any]) -> Filters:
    values: dict[str, Any] = {}
    for name, value in zip(FILTERS, row, strict=True):
        values[name] = tuple(value) if isinstance(value, list) else value
    return Filters(**values)
