"""owner_names: keeps the names of a version's users and groups, as they are on this machine."""

from __future__ import annotations

from anyio import to_thread

from usenetsync_tui.catalogue.tables.metadata import metadata, owners
from usenetsync_tui.codec.index.attributes import read_xattrs
from usenetsync_tui.disk.owner_names import OwnerNames
from usenetsync_tui.model.metadata.acl import acl_owners
from usenetsync_tui.model.metadata.owners import OwnerName
from usenetsync_tui.pipeline.run.job_run import JobRun

Owners = list[tuple[int | None, int | None]]


async def keep_owner_names(run: JobRun) -> None:
    """Keep those of what the version under construction added, also of the names in ACLs."""
    folder, version = run.folder.id, run.version
    async with run.catalogue.transaction() as tx:
        whole = version == 1 or not await metadata.is_known(tx, folder)
        found: Owners = [*await owners.of_version(tx, folder, version, whole=whole)]
        for value in await owners.acls_of_version(tx, folder, version, whole=whole):
            found += acl_owners(read_xattrs(value))
    names = await to_thread.run_sync(_learned, found)
    async with run.catalogue.transaction() as tx:
        await owners.add(tx, folder, names)


def _learned(found: Owners) -> list[OwnerName]:
    """In a thread: the system may ask a network."""
    system = OwnerNames()
    system.learn(found)
    names = list[OwnerName]()
    for uid, gid in found:
        user, group = system.of(uid, gid)
        names += [OwnerName(False, uid, user)] if uid is not None else []
        names += [OwnerName(True, gid, group)] if gid is not None else []
    return names
