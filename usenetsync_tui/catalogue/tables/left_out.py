"""Files the user leaves out of an upload: notices of their own kind, which survive a restart.

The index adds files that failed before and can be opened now. Files that the user held or left
out can be opened, so the reader asks here before it reads them. A file that is left out is
missing in one version; one that is held, in all that follow, until the user retries it.
"""

from __future__ import annotations

from collections.abc import Sequence

from usenetsync_tui.catalogue.session import Transaction, column, load
from usenetsync_tui.model.entries import NoticeKind

_SQL = load(__package__, "left_out.sql")

HELD = "held by you"
"""The reason of files that stay out of every version until the user retries them."""

_VALUES = {"kind": int(NoticeKind.LEFT_OUT), "held": HELD}


async def carry_over(tx: Transaction, folder: int, job_id: int) -> None:
    """Leave out of a new upload the files held before, or left out of the same version."""
    await tx.run(_SQL["carry_over"], {"folder": folder, "job": job_id, **_VALUES})


async def forget(tx: Transaction, job_id: int, version: int) -> None:
    """Forget files that were left out of another version; held ones stay."""
    await tx.run(_SQL["forget"], {"id": job_id, "version": version, **_VALUES})


async def any_of(tx: Transaction, job_id: int) -> bool:
    """Whether an upload leaves any file out."""
    found: bool = (await tx.one(_SQL["any"], {"job": job_id, **_VALUES}))[0]
    return found


async def among(tx: Transaction, job_id: int, paths: Sequence[bytes]) -> dict[bytes, str]:
    """Which of some paths are left out, with the reason."""
    values = {"job": job_id, "paths": list(paths), **_VALUES}
    return dict(await tx.fetch(_SQL["among"], values))


async def clear(tx: Transaction, job_id: int) -> None:
    """Leave out nothing any more."""
    await tx.run(_SQL["clear"], {"job": job_id, **_VALUES})


async def delete_notices(tx: Transaction, job_id: int, paths: Sequence[bytes]) -> list[NoticeKind]:
    """Delete a job's notices about these paths; returns the kinds of the deleted notices."""
    rows = await tx.fetch(_SQL["delete_notices"], {"job": job_id, "paths": list(paths)})
    return [NoticeKind(r[0]) for r in rows]


async def pending(tx: Transaction, folder: int, keys: Sequence[bytes]) -> set[bytes]:
    """Which of some files are still to be read."""
    return set(column(await tx.fetch(_SQL["pending"], {"folder": folder, "keys": list(keys)})))
