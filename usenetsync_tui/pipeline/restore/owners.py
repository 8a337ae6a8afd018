"""owners: the numbers that the owners of a version have on this machine.

A user has the number here that belongs to the name. One whose name is not known here, or was not
known where the version was made, keeps the number.
"""

from __future__ import annotations

from typing import TypeVar

from anyio import to_thread

from usenetsync_tui.catalogue.session import Transaction
from usenetsync_tui.catalogue.tables.metadata import owners
from usenetsync_tui.catalogue.tables.version_files import DirectoryRow, VersionRow
from usenetsync_tui.codec.index.attributes import read_xattrs, write_xattrs
from usenetsync_tui.disk.owner_names import owner_map
from usenetsync_tui.model.metadata.owners import OwnerMap

_Owned = TypeVar("_Owned", VersionRow, DirectoryRow)


async def owners_here(tx: Transaction, folder: int) -> OwnerMap:
    """The numbers that differ here from those in the folder's versions."""
    names = await owners.names(tx, folder)
    return await to_thread.run_sync(owner_map, names)


def localized(row: _Owned, here: OwnerMap) -> _Owned:
    """The row with the numbers of this machine."""
    if not here:
        return row
    uid, gid = here.owner(row.uid, row.gid)
    xattrs = row.xattrs and write_xattrs(here.xattrs(read_xattrs(row.xattrs)))
    return row._replace(uid=uid, gid=gid, xattrs=xattrs)
