"""Restores with a recovery string for the windows of the engine, beside the jobs.

Knows how far the one that runs is, and what went wrong. Never logs the string.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from anyio import CancelScope
from anyio.abc import TaskGroup

from usenetsync_tui.engine.by_string.typed_secret import secret_of
from usenetsync_tui.engine.progress.events import EventLog
from usenetsync_tui.engine.stores import Stores
from usenetsync_tui.errors import EngineBusyError, UsenetSyncError, leading_error
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.commands.jobs import Restore
from usenetsync_tui.model.commands.recovery import OF_STRING, RestoreByString
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.secret import Secret
from usenetsync_tui.model.status.jobs import JobStatus
from usenetsync_tui.model.status.recovery import StringRestoreStatus
from usenetsync_tui.model.text.figures import number, plural, size
from usenetsync_tui.model.text.safe_name import safe_name

if TYPE_CHECKING:
    from usenetsync_tui.engine.by_string.restoring import StringRestore
    from usenetsync_tui.model.outcomes import Summary

_STOPPED = "The restore was stopped. The same one goes on from there."
_REASONS = 20
"""Reasons that the log gets of one restore."""


@dataclass(slots=True)
class StringRestores:
    """One restore at a time, and the latest one."""

    group: TaskGroup
    stores: Stores
    """Its settings and its connections to the servers are used."""
    locations: Locations
    events: EventLog
    give_way: Callable[[Secret], Awaitable[None]]
    """Ends a preview with a string, which has what the restore needs."""
    _now: StringRestoreStatus | None = None
    _work: StringRestore | None = None
    _scope: CancelScope = field(default_factory=CancelScope)

    @property
    def status(self) -> StringRestoreStatus | None:
        """The latest restore, as far as it is."""
        now, work = self._now, self._work
        if now is None or now.over or work is None:
            return now
        job, loaded = work.job.figures, work.loaded
        phase = "restore" if job is not None else "load" if work.version is not None else "search"
        return replace(
            now,
            version=work.version,
            phase=phase,
            done_bytes=loaded.done_bytes,
            total_bytes=loaded.total_bytes,
            job=job,
        )

    @property
    def is_running(self) -> bool:
        """Whether a restore runs."""
        return self._now is not None and not self._now.over

    def begin(self, command: RestoreByString) -> None:
        """Begin. `EngineBusyError` while another runs."""
        if self.is_running:
            raise EngineBusyError(
                "A restore with a recovery string is running. Wait until it has ended, or stop it."
            )
        self._scope, self._work = CancelScope(), None
        begun = self._now.number + 1 if self._now else 1
        self._now = StringRestoreStatus(begun, command.target)
        self.group.start_soon(self._run, self._scope, command)

    def stop(self) -> None:
        """Stop the one that runs; what it has restored stays, and is used by the next one."""
        if not self.is_running:
            return
        if self._work is not None and self._work.job.figures is not None:
            self._work.job.stop()
        else:
            self._scope.cancel()

    async def _run(self, scope: CancelScope, command: RestoreByString) -> None:
        problem, summary = _STOPPED, None
        try:
            with scope:
                summary = await self._restored(command)
        except Exception as error:
            failure = leading_error(error)
            if not isinstance(failure, UsenetSyncError):
                raise
            problem = str(failure)
        assert self._now is not None
        now = replace(self._now, version=self._work.version if self._work else None, over=True)
        if summary is None:
            self.events.bad(f"Restore with a recovery string: {problem}")
            self._now = replace(now, problem=problem)
        else:
            self._now = self._ended(replace(now, job=_ended_job(summary)), summary)

    async def _restored(self, command: RestoreByString) -> Summary:
        from usenetsync_tui.engine.by_string.recovery import Recovery
        from usenetsync_tui.engine.by_string.restoring import StringRestore, WantedByString

        secret = await secret_of(command.string, command.passphrase)
        await self.give_way(command.string)

        def found(recovery: Recovery) -> None:
            assert self._now is not None
            self._now = replace(self._now, folder=recovery.root.name)
            if recovery.found.unsure:
                self.events.warn(f"There may be a newer version: {recovery.found.unsure}")
            for version, why in recovery.found.unreadable.items():
                self.events.warn(f"The root of version {version} cannot be read: {why}")

        self._work = StringRestore(
            self.stores.settings,
            self.locations,
            WantedByString(
                Restore(
                    OF_STRING,
                    command.target,
                    command.version,
                    command.paths,
                    choices=command.choices,
                )
            ),
            self.stores.waits,
            found=found,
            servers=self.stores.servers,
        )
        summary = await self._work.run(secret)
        assert summary is not None  # nothing ends it before it begins
        return summary

    def _ended(self, now: StringRestoreStatus, summary: Summary) -> StringRestoreStatus:
        """How it ended; the log gets what is missing, for the scratch catalogue is gone."""
        state, figures = summary.outcome.state, summary.figures
        self._work = None
        if state not in (JobState.COMPLETED, JobState.INCOMPLETE):
            problem = summary.outcome.message if state is JobState.FAILED else _STOPPED
            self.events.bad(f"Restore of {now.folder} with its recovery string: {problem}")
            return replace(now, problem=problem)
        for notice in summary.notices[:_REASONS]:
            self.events.warn(f"{safe_name(notice.path)}: {notice.reason}")
        left = summary.notice_count - min(_REASONS, len(summary.notices))
        if left > 0:
            self.events.warn(f"… and {number(left)} more")
        words = f"{now.folder} version {now.version}: {plural(figures.done_files, 'file')}"
        words += f", {size(figures.done_bytes)}, in {safe_name(now.target)}"
        if state is JobState.INCOMPLETE:
            words += f" · incomplete: {summary.outcome.message}"
            self.events.warn(words)
        else:
            self.events.info(words)
        return replace(now, outcome=words)


def _ended_job(summary: Summary) -> JobStatus:
    """The figures of a restore that is over."""
    outcome = summary.outcome
    return replace(summary.figures, state=outcome.state, message=outcome.message, at_work=False)
