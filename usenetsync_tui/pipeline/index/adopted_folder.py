"""adopted_folder: a folder of an index with its realms, as rows of the catalogue.

Knows what a folder and a realm become here, and when a folder is here already. Refuses to know its
versions and files.
"""

from __future__ import annotations

from collections.abc import Callable

from usenetsync_tui.catalogue.session import Transaction
from usenetsync_tui.catalogue.tables.index import adopted as rows
from usenetsync_tui.codec.index.keys import ATTEMPTS, IndexKeys
from usenetsync_tui.errors import UsageError
from usenetsync_tui.model.folders import Priority, Profile
from usenetsync_tui.model.index_roots import IndexRealm, IndexRoot
from usenetsync_tui.model.safe_name import safe_name

_MOST_NAMED = 1000
"""Versions whose roots the catalogue is searched for."""


async def refuse_known(tx: Transaction, keys: IndexKeys, root: IndexRoot, path: bytes) -> None:
    """`UsageError` if the folder, or another one at its path, is backed up here."""
    names = [
        keys.root_name(line.version, attempt)
        for line in (*root.older[-_MOST_NAMED:], root.current)
        for attempt in range(ATTEMPTS)
    ]
    names += [name for run in root.runs for line in run.pages for name in line.message_ids]
    known = await rows.adopted_here(tx, names) or await rows.folder_at(tx, path)
    if known is not None:
        raise UsageError(
            f'"{safe_name(known[1])}" is backed up here already, as the folder {known[0]}: nothing '
            "was adopted. Use it as it is, or adopt into another catalogue (USENETSYNC_HOME)."
        )


async def add_folder(
    tx: Transaction, root: IndexRoot, path: bytes, wrap: Callable[[bytes], bytes], offset: int
) -> tuple[int, list[int], str]:
    choices = root.folder
    current = root.realms[choices.realm]
    realms = []
    for place, realm in enumerate(root.realms):
        later = [r for r in root.realms[place + 1 :] if _place_of(r) == _place_of(realm)]
        renewed = realm is not current and (bool(later) or _place_of(realm) == _place_of(current))
        realms.append(await rows.add_realm(tx, _realm(realm, path, wrap, renewed=renewed)))
    name = await _free_name(tx, root.name)
    folder = await rows.add_folder(
        tx,
        {
            "path": path,
            "name": name,
            "realm": realms[choices.realm],
            "priority": int(Priority.NORMAL),
            "compression": choices.compression,
            "copies": choices.copies,
            "own_files": choices.own_files,
            "ignore_inode": choices.ignore_inode,
            "unstable_inodes": choices.unstable_inodes,
            "offset": offset,
            "version": root.current.version,
        },
    )
    if current.veil is not None:
        await rows.add_headers(tx, folder, current.veil)
    for place, realm_id in enumerate(realms):
        await rows.add_place(tx, folder, place, realm_id)
    return folder, realms, name


def _place_of(realm: IndexRealm) -> tuple[str, str]:
    return realm.store, realm.profile


async def _free_name(tx: Transaction, wanted: str) -> str:
    """The folder's name, with a number if another folder has it."""
    taken, name = await rows.names(tx), safe_name(wanted) or "folder"
    number = 1
    free = name
    while free in taken:
        number += 1
        free = f"{name}-{number}"
    return free


def _realm(
    realm: IndexRealm, path: bytes, wrap: Callable[[bytes], bytes], *, renewed: bool
) -> dict[str, object]:
    is_sealed = realm.profile == Profile.SEALED
    return {
        "store": realm.store,
        "profile": realm.profile,
        "domain": realm.domain,
        "newsgroups": list(realm.newsgroups),
        "sender": realm.sender,
        "owner": path if is_sealed else None,
        "wrapped_key": wrap(realm.key) if realm.key is not None else None,
        "header_style": realm.header_style,
        "digest": realm.digest,
        "obfuscated": realm.veil is not None,
        "renewed": renewed,
    }
