"""adopted_folder: a folder of an index with its realms, as rows of the catalogue.

Knows what a folder and a realm become here, and when a folder is here already. Refuses to know its
versions and files.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from usenetsync_tui.catalogue.session import Transaction
from usenetsync_tui.catalogue.tables import folders
from usenetsync_tui.catalogue.tables.index import adopted as rows
from usenetsync_tui.catalogue.tables.index import forward, posted
from usenetsync_tui.codec.index.keys import ATTEMPTS, IndexKeys
from usenetsync_tui.errors import UsageError
from usenetsync_tui.model.folders import Folder, Priority, Profile
from usenetsync_tui.model.index.roots import IndexRealm, IndexRoot
from usenetsync_tui.model.text.safe_name import safe_name

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
        raise known_already(*known)


def known_already(name: str, path: bytes) -> UsageError:
    """The error for a folder that is here already."""
    return UsageError(
        f'"{safe_name(path)}" is backed up here already, as the folder {name}: nothing was '
        "adopted. Use it as it is, or adopt into another catalogue (USENETSYNC_HOME)."
    )


async def add_folder(
    tx: Transaction, root: IndexRoot, path: bytes, wrap: Callable[[bytes], bytes], offset: int
) -> tuple[int, list[int], str]:
    """Add the folder of a root; returns its id, those of the root's realms, and its name here."""
    realms = [
        await rows.add_realm(tx, _realm(realm, path, wrap, renewed=_is_renewed(root, place)))
        for place, realm in enumerate(root.realms)
    ]
    name = await _free_name(tx, root.name)
    choices = _choices(root, realms, offset)
    choices |= {"path": path, "name": name, "priority": int(Priority.NORMAL)}
    folder = await rows.add_folder(tx, choices)
    if root.filters is not None:
        await folders.set_filters(tx, folder, root.filters)
    veil = root.realms[root.folder.realm].veil
    if veil is not None:
        await rows.add_headers(tx, folder, veil)
    for place, realm_id in enumerate(realms):
        await rows.add_place(tx, folder, place, realm_id)
    return folder, realms, name


async def continue_folder(
    tx: Transaction, folder: Folder, root: IndexRoot, wrap: Callable[[bytes], bytes], offset: int
) -> list[int]:
    """Back a folder that is here up as its root says; returns the ids of the root's realms.

    `UsageError` if it has other realms than the first ones of the root.
    """
    known = await posted.realms(tx, folder.id)
    pairs = zip(root.realms, known, strict=False)
    same = [(await folders.realm_by_id(tx, each)).domain == realm.domain for realm, each in pairs]
    if len(known) > len(root.realms) or not all(same):
        raise UsageError(
            f"{safe_name(folder.name)} was moved to other servers or keys here, too, so it cannot "
            "go on from the versions of the other machine. Nothing was adopted."
        )
    for place, realm_id in enumerate(known):
        if _is_renewed(root, place):
            await forward.renew(tx, realm_id)
    realms = list(known)
    for place, realm in enumerate(root.realms[len(known) :], len(known)):
        values = _realm(realm, folder.path, wrap, renewed=_is_renewed(root, place))
        realms.append(await rows.add_realm(tx, values))
        await rows.add_place(tx, folder.id, place, realms[-1])
    await forward.set_choices(tx, folder.id, _choices(root, realms, offset))
    if root.filters is not None:
        await folders.set_filters(tx, folder.id, root.filters)
    veil = root.realms[root.folder.realm].veil
    if veil is not None and veil != folder.realm.veil:
        await rows.add_headers(tx, folder.id, veil)
    return realms


def _choices(root: IndexRoot, realms: Sequence[int], offset: int) -> dict[str, object]:
    """How a folder is backed up, as columns of its row."""
    choices = root.folder
    return {
        "realm": realms[choices.realm],
        "compression": choices.compression,
        "copies": choices.copies,
        "own_files": choices.own_files,
        "ignore_inode": choices.ignore_inode,
        "unstable_inodes": choices.unstable_inodes,
        "offset": offset,
        "version": root.current.version,
    }


def _is_renewed(root: IndexRoot, place: int) -> bool:
    """Whether another realm of the root continues this one."""
    realm, current = root.realms[place], root.realms[root.folder.realm]
    later = [r for r in root.realms[place + 1 :] if _place_of(r) == _place_of(realm)]
    return realm is not current and (bool(later) or _place_of(realm) == _place_of(current))


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
