"""Adopts the folder of a recovery string into the catalogue, for the command and for the screen.

Knows where the folder goes, and what wraps its keys from now on. Refuses to know how its rows are
made (`pipeline.index.adoption.adopt`) and how a user gives the string.
"""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import UTC, datetime

from anyio import to_thread

from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.catalogue.tables import folders
from usenetsync_tui.catalogue.tables.index import posted
from usenetsync_tui.engine.by_string.recovery import Recovery, open_recovery
from usenetsync_tui.engine.keys import KeyRing
from usenetsync_tui.errors import KeyUnavailableError, UsageError
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.folders import Folder, StoreKind
from usenetsync_tui.model.recovery.adoption import AdoptedFolder
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.model.waiting import Waits
from usenetsync_tui.pipeline.index.adoption.adopt import Adopted, adopt
from usenetsync_tui.pipeline.index.adoption.bring_forward import bring_forward
from usenetsync_tui.pipeline.index.adoption.load_progress import LoadProgress
from usenetsync_tui.settings.settings import Settings
from usenetsync_tui.store.shards import ShardsStore


@value_object
class Adoption:
    """A folder that was adopted, and what may be newer than that."""

    adopted: Adopted
    path: bytes
    where: str
    """Where its index is, in words."""
    unreadable: tuple[int, ...] = ()
    """Newer versions whose roots cannot be read."""
    unsure: str = ""
    """The words of a server that did not say whether it has a newer version."""

    @property
    def told(self) -> AdoptedFolder:
        """The same as the report shows it."""
        adopted, newest = self.adopted, self.adopted.newest
        return AdoptedFolder(
            name=adopted.name,
            path=self.path,
            where=self.where,
            versions=adopted.versions,
            newest=newest.version,
            finished_at=datetime.fromtimestamp(newest.finished_us / 1_000_000, UTC),
            files=newest.files,
            size=newest.size,
            before=adopted.before,
            left_out=adopted.left_out,
            unreadable=self.unreadable,
            filters=adopted.filters,
            unsure=self.unsure,
        )


async def adopt_folder(
    catalogue: Catalogue,
    settings: Settings,
    locations: Locations,
    secret: bytes,
    *,
    path: bytes | None = None,
    progress: LoadProgress | None = None,
    waits: Waits | None = None,
) -> Adoption:
    """Adopt the folder of a secret, in the store that the settings lead to.

    A folder that is here already, up to an older version, goes on from the newest one. The caller
    holds the lock of the catalogue. `path`: absolute; None: the one that the folder had.
    `UsageError` if the folder is here already and nothing is newer, or another one is at the path;
    errors of `open_recovery`, `adopt`, `bring_forward` and `KeyRing.new_key`.
    """
    async with open_recovery(secret, settings, locations, waits=waits) as recovery:
        root = recovery.root
        await _refuse_other_database(catalogue, recovery)
        place = _place(root.path if path is None else path, root.name)
        async with catalogue.transaction() as tx:
            others = await folders.wrapped_keys(tx)
        ring = KeyRing(settings, locations)
        wrap = await to_thread.run_sync(ring.wrapper, others)
        source = catalogue, recovery.store, recovery.keys, root
        known = await _with_secret(catalogue, ring, secret)
        if known is not None and path in (None, known.path):
            place = known.path
            adopted = await bring_forward(
                *source, known, wrap, progress or LoadProgress(), recovery.aliases.add
            )
        else:
            adopted = await adopt(
                *source, place, wrap, progress=progress, also_known=recovery.aliases.add
            )
        found = recovery.found
        return Adoption(adopted, place, recovery.where, tuple(found.unreadable), found.unsure)


async def _with_secret(catalogue: Catalogue, ring: KeyRing, secret: bytes) -> Folder | None:
    """The folder here that has the secret; None: it is new, or its secret cannot be unwrapped."""
    async with catalogue.transaction() as tx:
        every = await folders.every(tx)
        wrapped = [await posted.secret_of(tx, folder.id) for folder in every]
    for folder, its in zip(every, wrapped, strict=True):
        with suppress(KeyUnavailableError):
            if its is not None and await to_thread.run_sync(ring.unwrap, its) == secret:
                return folder
    return None


def _place(path: bytes, name: str) -> bytes:
    """Where the folder goes. `UsageError` for a path of its index that this system cannot have."""
    if not path.startswith(b"/") or b"\0" in path:
        raise UsageError(
            f'The index of {safe_name(name)} says that the folder was at "{safe_name(path)}", '
            "which is no absolute path: add --path DIR."
        )
    return os.path.normpath(path).replace(b"//", b"/")


async def _refuse_other_database(catalogue: Catalogue, recovery: Recovery) -> None:
    """`UsageError` if the folder's articles are in a database that is not the catalogue's."""
    root = recovery.root
    if root.realms[root.folder.realm].store != StoreKind.SHARDS:
        return
    names = [name for run in root.runs for line in run.pages for name in line.message_ids[:1]]
    mine = await ShardsStore(catalogue.pool).present(names[:1])
    if not mine.there:
        raise UsageError(
            f"The articles of {safe_name(root.name)} are in {recovery.where}, and this catalogue "
            "is in another database. Adopt it there: add --database ADDRESS."
        )
