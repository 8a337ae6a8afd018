"""The `snapshots` table: the versions of a folder and the counts of each."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from typing import Any

from usenetsync_tui.catalogue.columns import SNAPSHOT
from usenetsync_tui.catalogue.session import Transaction, column, load
from usenetsync_tui.catalogue.tables.version_files import VersionCounts
from usenetsync_tui.errors import UnknownSnapshotError
from usenetsync_tui.model.folders import Snapshot, SnapshotState
from usenetsync_tui.model.text.figures import in_ranges

_SQL = load(__package__, "snapshots.sql")


async def of_folder(tx: Transaction, folder: int) -> list[Snapshot]:
    """All versions of a folder, the one under construction included, oldest first."""
    rows = await tx.fetch(_SQL["all"], {"folder": folder})
    return [snapshot_of(r) for r in rows]


def snapshot_of(row: Sequence[Any]) -> Snapshot:
    """A row of `columns.SNAPSHOT`."""
    fields = dict(zip(SNAPSHOT, row, strict=True))
    fields["state"] = SnapshotState(fields["state"])
    fields["tags"] = tuple(fields["tags"])
    return Snapshot(**fields)


async def finished(tx: Transaction, folder: int) -> list[Snapshot]:
    """The versions that can be restored, oldest first."""
    return [s for s in await of_folder(tx, folder) if s.state is not SnapshotState.BUILDING]


async def newest_finished(tx: Transaction, folder: int, version: int, limit: int) -> list[Snapshot]:
    """Of the finished versions up to one the newest, at most `limit`; oldest first."""
    values = {"folder": folder, "version": version, "limit": limit}
    return [snapshot_of(r) for r in await tx.fetch(_SQL["newest_finished"], values)][::-1]


async def latest_finished(tx: Transaction, folder: int) -> Snapshot | None:
    """The newest version that can be restored."""
    found = await finished(tx, folder)
    return found[-1] if found else None


async def finished_version(tx: Transaction, folder: int, wanted: int | None) -> int:
    """The version that the user wants; None: the newest finished one.

    For all verbs that read a version. `UnknownSnapshotError` if there is none, or if it is not
    finished.
    """
    every = await of_folder(tx, folder)
    versions = [s.version for s in every if s.state is not SnapshotState.BUILDING]
    if wanted in versions:
        return wanted
    if any(s.version == wanted for s in every):
        raise UnknownSnapshotError(f"Version {wanted} is not finished yet.")
    if not versions:
        raise UnknownSnapshotError("No version is finished yet.")
    if wanted is not None:
        is_gone = (await tx.one(_SQL["forgotten"], {"folder": folder, "version": wanted}))[0]
        why = f"Version {wanted} was forgotten" if is_gone else f"There is no version {wanted}"
        raise UnknownSnapshotError(f"{why}. Versions: {in_ranges(versions)}.")
    return versions[-1]


async def under_construction(tx: Transaction, folder: int) -> int | None:
    """The version that an upload is building, or was building when interrupted."""
    every = await of_folder(tx, folder)
    return next((s.version for s in every if s.state is SnapshotState.BUILDING), None)


async def begin(tx: Transaction, folder: int) -> int:
    """Begin or resume the version under construction; returns its number."""
    return (await begin_at(tx, folder, time.time_ns()))[0]


async def begin_at(tx: Transaction, folder: int, now_ns: int) -> tuple[int, int | None]:
    """The same at a time of the wall clock; returns (number, when it began).

    None: an older program began it, and did not say when.
    """
    version, began_ns = await tx.one(_SQL["begin"], {"folder": folder, "now": now_ns})
    return version, began_ns


async def discard(tx: Transaction, folder: int, version: int) -> None:
    """Delete the version under construction, since nothing changed."""
    await tx.run(_SQL["discard"], {"folder": folder, "version": version})


async def add_stored(tx: Transaction, folder: int, version: int, stored: int) -> None:
    """Add acknowledged payload bytes to the version under construction."""
    await tx.run(_SQL["add_stored"], {"folder": folder, "version": version, "stored": stored})


async def finish(
    tx: Transaction,
    folder: int,
    version: int,
    counts: VersionCounts,
    changes: tuple[int, int, int],
    errors: int,
    *,
    unwalked: int = 0,
) -> None:
    """Make a version visible; with errors it is INCOMPLETE. `changes`: added, modified, removed.

    `unwalked`: errors of the walk that have no row in `files`; a later repair cannot clear them.
    """
    added, modified, removed = changes
    await tx.run(
        _SQL["finish"],
        {
            "folder": folder,
            "version": version,
            "state": int(SnapshotState.INCOMPLETE if errors else SnapshotState.COMPLETE),
            "files": counts.files,
            "directories": counts.directories,
            "symlinks": counts.symlinks,
            "size": counts.size,
            "added": added,
            "modified": modified,
            "removed": removed,
            "errors": errors,
            "unwalked": unwalked,
        },
    )


async def mark_repaired(tx: Transaction, folder: int) -> list[int]:
    """Mark incomplete versions as complete if reposting has repaired them; returns these.

    A version with errors of the walk stays incomplete: what it lacks has no row.
    """
    return column(await tx.fetch(_SQL["mark_repaired"], {"folder": folder}))


async def mark_incomplete(tx: Transaction, objects: Collection[int]) -> None:
    """Mark versions with files in these objects, which lost articles, as incomplete."""
    if objects:
        await tx.run(_SQL["mark_incomplete"], {"objects": list(objects)})
