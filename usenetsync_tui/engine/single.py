"""Restore and verify: one job, run beside or instead of the engine, with the same figures."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from anyio import to_thread

from usenetsync_tui.catalogue import checks, jobs, snapshots
from usenetsync_tui.engine.figures import running_figures
from usenetsync_tui.engine.rates import RateMeter
from usenetsync_tui.engine.summary import Summary, summarise
from usenetsync_tui.errors import (
    SourceError,
    StoreError,
    UnknownSnapshotError,
    UsenetSyncError,
    leading_error,
)
from usenetsync_tui.model.entries import Notice, NoticeKind
from usenetsync_tui.model.folders import SnapshotState
from usenetsync_tui.model.jobs import Job, JobState, Verb
from usenetsync_tui.model.status import JobStatus
from usenetsync_tui.pipeline.check import mend
from usenetsync_tui.pipeline.restore import restore
from usenetsync_tui.pipeline.run import Run
from usenetsync_tui.pipeline.target import TargetTree
from usenetsync_tui.pipeline.upload import Outcome
from usenetsync_tui.pipeline.verify import Verified, verify


class SingleJob:
    """One restore or verify of a folder."""

    def __init__(self, run: Run) -> None:
        """`run` has no job yet: it is made here."""
        self._catalogue = run.catalogue
        self._run = run
        self._job: Job | None = None
        self._rates = RateMeter()
        self._started = time.monotonic()
        self.verified: Verified | None = None

    def stop(self) -> None:
        """Finish what is in hand; the same call goes on later."""
        self._run.drain()

    @property
    def figures(self) -> JobStatus | None:
        """How it goes now; None before it begins."""
        if self._job is None:
            return None
        now, progress = time.monotonic(), self._run.progress
        self._rates.add(now, progress.done_bytes, progress.done_files)
        return running_figures(
            self._run, self._job, JobState.RUNNING, self._rates, now, self._started
        )

    async def restore(self, target: bytes, version: int | None, prefix: bytes) -> Summary:
        """Restore a version (None: the newest) or a part of it into `target`."""
        run, folder = self._run, self._run.folder
        run.version = await self._version(version)
        tree = TargetTree(target)
        made = await to_thread.run_sync(tree.prepare)
        with tree:
            async with self._catalogue.transaction(durable=True) as tx:
                owns = made or await jobs.owned_target(tx, folder.id, target)
                run.job_id = await jobs.add(
                    tx,
                    folder.id,
                    Verb.RESTORE,
                    folder.priority,
                    target=target,
                    prefix=prefix or None,
                    version=run.version,
                    owns_target=owns,
                )
            return await self._tell(lambda: restore(run, tree, prefix, owns_target=owns))

    async def verify(self, *, bodies: bool) -> Summary:
        """Look for every article of the folder; `bodies` fetches and checks them too."""
        run, folder = self._run, self._run.folder
        run.version = await self._version(None)
        async with self._catalogue.transaction(durable=True) as tx:
            run.job_id = await jobs.add(
                tx, folder.id, Verb.VERIFY, folder.priority, version=run.version
            )

        async def sweep() -> None:
            self.verified = found = await verify(run, bodies=bodies)
            if run.draining:
                return
            errors = run.progress.errors
            found.reposted = await self._mend()
            async with self._catalogue.transaction() as tx:
                found.lost = await checks.lost_by_version(tx, folder.id)
            if not found.lost and run.progress.errors == errors:
                run.progress.errors = 0  # what was found wrong is right again
            elif found.lost:
                run.progress.errors = max(1, run.progress.errors)

        return await self._tell(sweep)

    async def _mend(self) -> int:
        """Post again what is missing; 0 when the folder itself is not there."""
        try:
            return await mend(self._run)
        except SourceError as error:
            notice = Notice(NoticeKind.UNREADABLE, self._run.folder.path, str(error))
            await self._run.notice(notice)
            return 0

    async def _version(self, wanted: int | None) -> int:
        async with self._catalogue.transaction() as tx:
            versions = [
                s.version
                for s in await snapshots.of_folder(tx, self._run.folder.id)
                if s.state is not SnapshotState.BUILDING
            ]
        if not versions:
            raise UnknownSnapshotError("No version of it is complete yet.")
        if wanted is not None and wanted not in versions:
            known = f"{versions[0]}…{versions[-1]}" if len(versions) > 1 else str(versions[0])
            raise UnknownSnapshotError(f"Version {wanted} is not among {known}.")
        return wanted or versions[-1]

    async def _tell(self, work: Callable[[], Awaitable[None]]) -> Summary:
        """Run the job's work and record how it ended."""
        run = self._run
        async with self._catalogue.transaction() as tx:
            await jobs.set_state(tx, run.job_id, JobState.RUNNING)
            self._job = await jobs.by_id(tx, run.job_id)
        try:
            await work()
            outcome = self._outcome()
        except Exception as error:  # noqa: BLE001 - what is not ours is raised again
            failure = leading_error(error)
            if not isinstance(failure, UsenetSyncError) or (
                failure.retryable and not isinstance(failure, StoreError)
            ):
                raise failure from None
            outcome = Outcome(JobState.FAILED, run.version, str(failure))
        await run.save_progress()
        async with self._catalogue.transaction(durable=True) as tx:
            await jobs.set_state(tx, run.job_id, outcome.state, outcome.message)
        figures = self.figures
        assert figures is not None
        return await summarise(run, outcome, figures)

    def _outcome(self) -> Outcome:
        version = self._run.version
        if self._run.draining:
            return Outcome(JobState.CANCELLED, version, "interrupted; the same command goes on")
        if self._run.progress.errors:
            return Outcome(JobState.INCOMPLETE, version, "not everything is whole")
        return Outcome(JobState.COMPLETED, version, f"version {version}")
