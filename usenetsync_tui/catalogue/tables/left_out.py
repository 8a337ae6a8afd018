"""Files the user leaves out of an upload: notices of their own kind, which outlive a restart.

The index takes in whatever failed before and can be opened now. What was held or left out can
be opened, so it is looked up here before it is read. What is left out belongs to one version;
what is held, to all that follow, until it is retried.
"""

from __future__ import annotations

from collections.abc import Sequence

from usenetsync_tui.catalogue.session import Transaction, column, load
from usenetsync_tui.model.entries import NoticeKind

_SQL = load(__package__, "left_out.sql")

HELD = "held by you"
"""The reason of files that are passed over until they are retried, version after version."""

_VALUES = {"kind": int(NoticeKind.LEFT_OUT), "held": HELD}


async def carry(tx: Transaction, folder: int, job_id: int) -> None:
    """A new upload leaves out what the one before it held, or left out of the same version."""
    await tx.run(_SQL["carry"], {"folder": folder, "job": job_id, **_VALUES})


async def forget(tx: Transaction, job_id: int, version: int) -> None:
    """What was left out of another version is in this one."""
    await tx.run(_SQL["forget"], {"id": job_id, "version": version, **_VALUES})


async def any_of(tx: Transaction, job_id: int) -> bool:
    """Whether an upload leaves any file out."""
    found: bool = (await tx.one(_SQL["any"], {"job": job_id, **_VALUES}))[0]
    return found


async def among(tx: Transaction, job_id: int, paths: Sequence[bytes]) -> dict[bytes, str]:
    """Those of some paths that are left out, and in what words."""
    values = {"job": job_id, "paths": list(paths), **_VALUES}
    return dict(await tx.fetch(_SQL["among"], values))


async def take_in(tx: Transaction, job_id: int) -> None:
    """Nothing is left out any more."""
    await tx.run(_SQL["take_in"], {"job": job_id, **_VALUES})


async def take_back(tx: Transaction, job_id: int, paths: Sequence[bytes]) -> list[NoticeKind]:
    """What was said of these paths holds no more; returns the kinds of what was, one each."""
    rows = await tx.fetch(_SQL["take_back"], {"job": job_id, "paths": list(paths)})
    return [NoticeKind(r[0]) for r in rows]


async def pending(tx: Transaction, folder: int, keys: Sequence[bytes]) -> set[bytes]:
    """Those of some files that are to be read."""
    return set(column(await tx.fetch(_SQL["pending"], {"folder": folder, "keys": list(keys)})))
