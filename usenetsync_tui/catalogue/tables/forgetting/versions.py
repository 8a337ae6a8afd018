"""Versions that the user has forgotten: marked first, erased in batches later.

The mark is the deletion of their rows of `snapshots`, so every other module of the catalogue sees
the kept versions and no others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from usenetsync_tui.catalogue.session import Transaction, column, load
from usenetsync_tui.catalogue.tables.keeping import marks
from usenetsync_tui.errors import UnknownSnapshotError, UsageError
from usenetsync_tui.model.text.figures import in_ranges

_SQL = load(__package__, "versions.sql")


class Gap(NamedTuple):
    """Versions that are not there any more: all those between two versions that are."""

    after: int
    """0: there is none before."""
    before: int


async def mark(tx: Transaction, folder: int, versions: Sequence[int]) -> list[int]:
    """Forget versions; returns those that were not forgotten before, ascending.

    No job of the folder begins until the transaction ends. `UnknownSnapshotError`; `UsageError` for
    the newest finished version, which the next upload compares with, for a protected one, and for
    one that a restore reads.
    """
    wanted = sorted(set(versions))
    values = {"folder": folder, "versions": wanted}
    await tx.run(_SQL["lock"], values)
    finished = column(await tx.fetch(_SQL["finished"], values))
    known = await forgotten(tx, folder, wanted)
    _refuse_unknown(wanted, finished, known)
    if finished and finished[-1] in wanted:
        raise newest_stays(finished[-1])
    await marks.refuse_protected(tx, folder, wanted)
    reader = await tx.maybe(_SQL["read_by"], values)
    if reader is not None:
        raise UsageError(
            f"Version {reader[1]} is being restored by job {reader[0]}. Forget it when that is "
            "over, or cancel the job first."
        )
    return sorted(column(await tx.fetch(_SQL["mark"], values)))


def _refuse_unknown(wanted: Sequence[int], finished: Sequence[int], gone: Sequence[int]) -> None:
    unknown = sorted({*wanted} - {*finished} - {*gone})
    if unknown:
        listed, known = ", ".join(map(str, unknown)), in_ranges(finished)
        raise UnknownSnapshotError(f"There is no version {listed}. Versions: {known or 'none'}.")


def newest_stays(version: int) -> UsageError:
    """Why the newest finished version is not forgotten."""
    return UsageError(
        f"Version {version} is the newest: the next upload compares the folder with it. Forget it "
        "after the next upload, or remove the folder with all its versions."
    )


async def forgotten(tx: Transaction, folder: int, versions: Sequence[int]) -> list[int]:
    """Those of some versions that are forgotten already, ascending."""
    values = {"folder": folder, "versions": list(versions)}
    return column(await tx.fetch(_SQL["known"], values))


async def mark_all(tx: Transaction, folder: int) -> None:
    """Forget a folder with all its versions.

    `UsageError` while a job of it is open, and while one of its versions is protected.
    """
    values = {"folder": folder}
    await tx.run(_SQL["lock"], values)
    job = await tx.maybe(_SQL["open_job"], values)
    if job is not None:
        raise UsageError(
            f"Job {job[0]}, {job[1]}, of the folder is not over. Cancel it first, or wait for its "
            "end."
        )
    await marks.refuse_protected(tx, folder)
    await tx.run(_SQL["mark_all"], values)


async def is_removed(tx: Transaction, folder: int) -> bool:
    """Whether the user has removed a folder, part of which is still to be deleted."""
    row = await tx.maybe(_SQL["is_removed"], {"folder": folder})
    return row is not None and bool(row[0])


async def pending(tx: Transaction, folder: int) -> list[int]:
    """The forgotten versions that are not erased yet, ascending."""
    return column(await tx.fetch(_SQL["pending"], {"folder": folder}))


async def gaps(tx: Transaction, folder: int, versions: Sequence[int]) -> list[Gap]:
    """The gaps that forgotten versions are in. Only for a folder that has a version above each."""
    values = {"folder": folder, "versions": list(versions)}
    found = [Gap._make(row) for row in await tx.fetch(_SQL["gaps"], values)]
    assert all(gap.before for gap in found), "the newest version is never forgotten"
    return found


async def mark_erased(tx: Transaction, folder: int, versions: Sequence[int]) -> None:
    """All that only these versions needed is deleted."""
    await tx.run(_SQL["mark_erased"], {"folder": folder, "versions": list(versions)})
