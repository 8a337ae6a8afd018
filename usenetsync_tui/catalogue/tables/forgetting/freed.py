"""The `freed_space` table: what each job that forgot versions has freed."""

from __future__ import annotations

from usenetsync_tui.catalogue.session import Transaction, load
from usenetsync_tui.model.versions.forgetting import FreedSpace

_SQL = load(__package__, "freed.sql")


async def begin(tx: Transaction, job_id: int, folder: str) -> None:
    """A job begins, or continues, to free space."""
    await tx.run(_SQL["begin"], {"job": job_id, "folder": folder})


async def add(
    tx: Transaction,
    job_id: int,
    *,
    versions: int = 0,
    files: int = 0,
    articles: int = 0,
    freed_bytes: int = 0,
    unread_bytes: int = 0,
) -> None:
    """What a batch has freed; in the transaction that deletes it, so that no kill loses it."""
    values = {
        "job": job_id,
        "versions": versions,
        "files": files,
        "articles": articles,
        "freed_bytes": freed_bytes,
        "unread_bytes": unread_bytes,
    }
    await tx.run(_SQL["add"], values)


async def finish(tx: Transaction, job_id: int) -> None:
    """All is deleted, and the room on disk given back."""
    await tx.run(_SQL["finish"], {"job": job_id})


async def of_job(tx: Transaction, job_id: int) -> FreedSpace:
    """What a job has freed so far."""
    return FreedSpace(*await tx.one(_SQL["of_job"], {"job": job_id}))


async def latest(tx: Transaction, limit: int) -> list[FreedSpace]:
    """What the latest jobs have freed, newest first."""
    return [FreedSpace(*row) for row in await tx.fetch(_SQL["latest"], {"limit": limit})]


async def all_jobs(tx: Transaction) -> tuple[int, int]:
    """Bytes that all jobs have deleted from the database, and bytes that stay on Usenet."""
    freed, unread = await tx.one(_SQL["all_jobs"])
    return freed, unread
