"""The `jobs` and `notices` tables: the queue, and the reasons why something is not whole."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from usenetsync_tui.catalogue.session import Transaction, load, text
from usenetsync_tui.model.entries import Notice, NoticeKind
from usenetsync_tui.model.folders import Priority
from usenetsync_tui.model.jobs import Job, JobState, Verb

_SQL = load("jobs.sql")


async def add(
    tx: Transaction,
    folder: int,
    verb: Verb,
    priority: Priority,
    *,
    target: bytes | None = None,
    prefix: bytes | None = None,
    version: int | None = None,
    owns_target: bool = False,
) -> int:
    """Queue a job; returns its id."""
    row = await tx.one(
        _SQL["insert"],
        {
            "folder": folder,
            "verb": str(verb),
            "priority": int(priority),
            "target": target,
            "prefix": prefix,
            "version": version,
            "owns_target": owns_target,
        },
    )
    job_id: int = row[0]
    return job_id


async def queue_upload(tx: Transaction, folder: int, priority: Priority) -> int:
    """The upload job of a folder: an open one goes on, else a new one."""
    row = await tx.maybe(_SQL["open_of_folder"], {"folder": folder, "verb": str(Verb.UPLOAD)})
    if row is None:
        return await add(tx, folder, Verb.UPLOAD, priority)
    job_id: int = row[0]
    await set_priority(tx, job_id, priority)
    await change_state(tx, job_id, JobState.QUEUED, (JobState.PAUSED,))
    return job_id


async def by_id(tx: Transaction, job_id: int) -> Job | None:
    """One job."""
    row = await tx.maybe(_SQL["by_id"], {"id": job_id})
    return _job(row) if row else None


async def recent(tx: Transaction, limit: int) -> list[Job]:
    """The latest jobs, newest first."""
    return [_job(r) for r in await tx.fetch(_SQL["recent"], {"limit": limit})]


async def open_uploads(tx: Transaction) -> list[Job]:
    """Uploads that are not over, in the order of the queue."""
    return [_job(r) for r in await tx.fetch(_SQL["open"])]


async def requeue_interrupted(tx: Transaction) -> None:
    """Uploads whose engine died under them resume."""
    await tx.run(_SQL["interrupted"])


async def owned_target(tx: Transaction, folder: int, target: bytes) -> bool:
    """Whether an earlier restore of the folder made this target itself."""
    owned: bool = (await tx.one(_SQL["owned_target"], {"folder": folder, "target": target}))[0]
    return owned


async def set_state(
    tx: Transaction, job_id: int, state: JobState, message: str | None = None
) -> None:
    """A step in a job's life, with a word for the user."""
    await tx.run(
        _SQL["set_state"],
        {
            "id": job_id,
            "state": str(state),
            "over": state.is_over,
            "message": None if message is None else text(message),
        },
    )


async def change_state(
    tx: Transaction, job_id: int, state: JobState, allowed: Collection[JobState]
) -> bool:
    """What a user asks of an upload; False, and nothing, in any other state than `allowed`."""
    row = await tx.maybe(
        _SQL["change_state"],
        {
            "id": job_id,
            "state": str(state),
            "over": state.is_over,
            "allowed": [str(s) for s in allowed],
        },
    )
    return row is not None


async def set_priority(tx: Transaction, job_id: int, priority: Priority) -> None:
    """Up or down the queue."""
    await tx.run(_SQL["set_priority"], {"id": job_id, "priority": int(priority)})


async def set_version(tx: Transaction, job_id: int, version: int) -> None:
    """The version a job builds or reads."""
    await tx.run(_SQL["set_version"], {"id": job_id, "version": version})


async def set_progress(
    tx: Transaction,
    job_id: int,
    *,
    done_files: int,
    done_bytes: int,
    total_files: int,
    total_bytes: int,
    errors: int,
) -> None:
    """How far a job is."""
    await tx.run(
        _SQL["set_progress"],
        {
            "id": job_id,
            "done_files": done_files,
            "done_bytes": done_bytes,
            "total_files": total_files,
            "total_bytes": total_bytes,
            "errors": errors,
        },
    )


async def add_notices(tx: Transaction, job_id: int, notices: Sequence[Notice]) -> None:
    """Record reasons."""
    if notices:
        await tx.run(
            _SQL["add_notices"],
            {
                "job": job_id,
                "kinds": [int(n.kind) for n in notices],
                "paths": [n.path for n in notices],
                "reasons": [text(n.reason) for n in notices],
            },
        )


async def clear_notices(tx: Transaction, job_id: int) -> None:
    """A job that runs again tells its reasons anew."""
    await tx.run(_SQL["clear_notices"], {"job": job_id})


async def notices(tx: Transaction, job_id: int, after: int, limit: int) -> list[tuple[int, Notice]]:
    """(id, reason) of a job after an id, oldest first."""
    rows = await tx.fetch(_SQL["notices"], {"job": job_id, "after": after, "limit": limit})
    return [(r[0], Notice(NoticeKind(r[1]), r[2], r[3])) for r in rows]


def _job(row: tuple[Any, ...]) -> Job:
    return Job(row[0], row[1], Verb(row[2]), Priority(row[3]), JobState(row[4]), *row[5:])
