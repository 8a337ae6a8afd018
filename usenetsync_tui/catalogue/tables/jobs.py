"""The `jobs` and `notices` tables: the queue, and the reasons why something is incomplete."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any

from usenetsync_tui.catalogue.columns import JOB
from usenetsync_tui.catalogue.session import Transaction, column, load, text
from usenetsync_tui.catalogue.tables import left_out
from usenetsync_tui.model.entries import Notice, NoticeKind
from usenetsync_tui.model.folders import Priority
from usenetsync_tui.model.jobs import Job, JobState, PastJob, Verb
from usenetsync_tui.model.restores.choices import Overwrite, RestoreChoices
from usenetsync_tui.model.restores.paths import joined, parted
from usenetsync_tui.model.sources import Refusal, RefusalKind
from usenetsync_tui.model.transitions import JOBS, JobEvent

_SQL = load(__package__, "jobs.sql")
_DEFAULT = RestoreChoices()
_LAST = (1 << 63) - 1
"""No job has an id above it."""
_STEPS = {
    JobState.RUNNING: JobEvent.BEGIN,
    JobState.COMPLETED: JobEvent.COMPLETE,
    JobState.INCOMPLETE: JobEvent.FALL_SHORT,
    JobState.FAILED: JobEvent.FAIL,
    JobState.CANCELLED: JobEvent.STOP,
    JobState.QUEUED: JobEvent.YIELD,
    JobState.PAUSED: JobEvent.HOLD,
}
"""The event that brings a job into a state, for the program that runs the job."""
_KINDS = (("verb", Verb), ("priority", Priority), ("state", JobState), ("overwrite", Overwrite))


async def add(
    tx: Transaction,
    folder: int,
    verb: Verb,
    priority: Priority,
    *,
    target: bytes | None = None,
    paths: Sequence[bytes] = (),
    choices: RestoreChoices = _DEFAULT,
    version: int | None = None,
    bodies: bool = False,
    sample: int = 1,
    queued: bool = False,
) -> int:
    """Add a restore or verify; returns its id. The engine runs only jobs that are `queued`."""
    row = await tx.one(
        _SQL["insert"],
        {
            "folder": folder,
            "verb": str(verb),
            "priority": int(priority),
            "target": target,
            "prefix": joined(paths),
            "version": version,
            "bodies": bodies,
            "sample": sample,
            "queued": queued,
            "exclude": list(choices.exclude),
            "overwrite": str(choices.overwrite),
            "deletes": choices.delete,
            "numeric_ids": choices.numeric_ids,
        },
    )
    job_id: int = row[0]
    return job_id


async def open_of_folder(tx: Transaction, folder: int, verb: Verb) -> int | None:
    """The id of the open job in the queue with this verb and folder."""
    row = await tx.maybe(_SQL["open_of_folder"], {"folder": folder, "verb": str(verb)})
    return row[0] if row else None


async def latest_of_folder(tx: Transaction, folder: int, verb: Verb) -> int | None:
    """The id of the last job in the queue with this verb and folder."""
    values = {"folder": folder, "verb": str(verb)}
    latest: int | None = (await tx.one(_SQL["latest_of_folder"], values))[0]
    return latest


async def queue_upload(tx: Transaction, folder: int, priority: Priority) -> int:
    """The id of a folder's upload job: an open one resumes, else a new one is added."""
    job_id = await open_of_folder(tx, folder, Verb.UPLOAD)
    if job_id is None:
        values = {"folder": folder, "priority": int(priority)}
        made: int = (await tx.one(_SQL["insert_upload"], values))[0]
        await left_out.carry_over(tx, folder, made)
        return made
    await set_priority(tx, job_id, priority)
    await change_state(tx, job_id, JobEvent.RESUME)
    return job_id


async def by_id(tx: Transaction, job_id: int) -> Job | None:
    """One job."""
    row = await tx.maybe(_SQL["by_id"], {"id": job_id})
    return _job(row) if row else None


async def recent(tx: Transaction, limit: int) -> list[Job]:
    """The latest jobs, newest first."""
    return [_job(r) for r in await tx.fetch(_SQL["recent"], {"limit": limit})]


async def history(
    tx: Transaction, before: int | None, limit: int, folder_id: int | None = None
) -> list[PastJob]:
    """The jobs with an id below `before` (None: all), newest first; of one folder, or of all."""
    values = {"before": _LAST if before is None else before, "limit": limit, "folder": folder_id}
    rows = await tx.fetch(_SQL["history"], values)
    return [PastJob(_job(row[:-1]), row[-1]) for row in rows]


async def latest_over(tx: Transaction) -> list[Job]:
    """The last job of each folder and verb that is over."""
    return [_job(r) for r in await tx.fetch(_SQL["latest_over"], {"verbs": list(map(str, Verb))})]


async def open_jobs(tx: Transaction) -> list[Job]:
    """Jobs of the queue that are not over, in its order."""
    return [_job(r) for r in await tx.fetch(_SQL["open"])]


async def requeue_interrupted(tx: Transaction) -> None:
    """Queue the jobs again whose engine ended while they ran."""
    await tx.run(_SQL["interrupted"])


async def verify_options(tx: Transaction, job_id: int) -> tuple[bool, int]:
    """(whether a verify job fetches articles, of how many parts of them it checks one)."""
    bodies, sample = await tx.one(_SQL["verify_options"], {"id": job_id})
    return bodies, sample


async def own_target(tx: Transaction, job_id: int, *, owns: bool) -> None:
    """Record whether the restore makes its target folder itself."""
    await tx.run(_SQL["set_owns_target"], {"id": job_id, "owns": owns})


async def owned_target(tx: Transaction, folder: int, target: bytes) -> bool:
    """Whether an earlier restore of the folder made this target itself."""
    owned: bool = (await tx.one(_SQL["owned_target"], {"folder": folder, "target": target}))[0]
    return owned


async def allow_shrink(tx: Transaction, job_id: int) -> None:
    """Allow an upload to continue although most files of the folder are gone."""
    await tx.run(_SQL["allow_shrink"], {"id": job_id})


async def set_state(
    tx: Transaction,
    job_id: int,
    state: JobState,
    message: str | None = None,
    refusal: Refusal | None = None,
) -> None:
    """Set a job's state, with a message for the user, and why the folder was refused.

    A job that is already over does not change.
    """
    await tx.run(
        _SQL["set_state"],
        {
            "id": job_id,
            "state": str(state),
            "over": state.is_over,
            "allowed": [str(s) for s in JOBS.before(_STEPS[state])],
            "message": None if message is None else text(message),
            "refusal": None if refusal is None else json.dumps(asdict(refusal)),
        },
    )


async def begin(tx: Transaction, job_id: int) -> bool:
    """Mark a waiting job as RUNNING; False, without a change, when it does not wait."""
    return await tx.maybe(_SQL["begin"], {"id": job_id, **_change(JobEvent.BEGIN)}) is not None


async def change_state(tx: Transaction, job_id: int, event: JobEvent) -> bool:
    """Apply a user's event to a job of the queue; False when it does not change the state.

    A retried job counts from the beginning.
    """
    values = {"id": job_id, "from_zero": event is JobEvent.RETRY, **_change(event)}
    row = await tx.maybe(_SQL["change_state"], values)
    return row is not None


async def change_all(tx: Transaction, event: JobEvent) -> list[int]:
    """Apply a user's event to all jobs of the queue; returns the ids of those that change."""
    return column(await tx.fetch(_SQL["change_all"], _change(event)))


async def set_priority(tx: Transaction, job_id: int, priority: Priority) -> None:
    """Set a job's priority, which moves it in the queue."""
    await tx.run(_SQL["set_priority"], {"id": job_id, "priority": int(priority)})


async def set_version(tx: Transaction, job_id: int, version: int) -> None:
    """Set the version that a job builds or reads; files left out of another one are in it."""
    await left_out.forget(tx, job_id, version)
    await tx.run(_SQL["set_version"], {"id": job_id, "version": version})


async def keep_to_version(tx: Transaction, job_id: int, version: int) -> None:
    """Set the version of an upload whose own one was dropped, as nothing had changed."""
    await tx.run(_SQL["set_version"], {"id": job_id, "version": version})


async def set_progress(
    tx: Transaction,
    job_id: int,
    errors: int,
    *,
    done_files: int,
    done_bytes: int,
    total_files: int,
    total_bytes: int,
    posted_bytes: int,
    deduplicated_bytes: int,
    worked: float,
) -> None:
    """Record a job's progress, all its runs together. `worked`: seconds."""
    await tx.run(
        _SQL["set_progress"],
        {
            "id": job_id,
            "done_files": done_files,
            "done_bytes": done_bytes,
            "total_files": total_files,
            "total_bytes": total_bytes,
            "posted_bytes": posted_bytes,
            "deduplicated_bytes": deduplicated_bytes,
            "worked": worked,
            "errors": errors,
        },
    )


async def add_notices(tx: Transaction, job_id: int, notices: Sequence[Notice]) -> None:
    """Record notices."""
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


async def clear_notices(
    tx: Transaction, job_id: int, kept: Collection[NoticeKind] = (NoticeKind.LEFT_OUT,)
) -> None:
    """Delete a job's notices before it runs again.

    `kept`: except these kinds; by default the files that the user left out.
    """
    await tx.run(_SQL["clear_notices"], {"job": job_id, "kept": [int(kind) for kind in kept]})


async def notice_count(tx: Transaction, job_id: int) -> int:
    """How many notices a job has."""
    count: int = (await tx.one(_SQL["notice_count"], {"job": job_id}))[0]
    return count


async def notices(tx: Transaction, job_id: int, after: int, limit: int) -> list[tuple[int, Notice]]:
    """(id, notice) of a job after an id, oldest first."""
    rows = await tx.fetch(_SQL["notices"], {"job": job_id, "after": after, "limit": limit})
    return [(r[0], Notice(NoticeKind(r[1]), r[2], r[3])) for r in rows]


def _change(event: JobEvent) -> dict[str, object]:
    state = JOBS.result(event)
    allowed = [str(s) for s in JOBS.before(event)]
    return {"state": str(state), "over": state.is_over, "allowed": allowed}


def _job(row: Sequence[Any]) -> Job:
    fields = dict(zip(JOB, row, strict=True))
    if (said := fields["refusal"]) is not None:
        fields["refusal"] = Refusal(**{**said, "kind": RefusalKind(said["kind"])})
    fields["paths"], fields["exclude"] = parted(fields["paths"]), tuple(fields["exclude"])
    for name, kind in _KINDS:
        fields[name] = kind(fields[name])
    return Job(**fields)
