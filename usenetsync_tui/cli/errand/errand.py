"""The jobs that a command wants done: by the engine that runs, else by an engine of its own.

An engine that runs on the catalogue is another program's: a screen, a service, another command. It
gets the jobs, and the command follows them to their end. When that engine ends or dies, the command
attaches to the one that took over, or goes on by itself with the same jobs. The ledger makes that
safe: nothing is posted twice.

Knows which engine does the work, and how the user stops it. Refuses to know how progress and
results are printed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from math import inf

import anyio

from usenetsync_tui.cli.options import Voice
from usenetsync_tui.cli.output import progress, voices
from usenetsync_tui.cli.signals import stopped_by
from usenetsync_tui.engine.engine import Engine
from usenetsync_tui.engine.opening import open_catalogue
from usenetsync_tui.engine.progress.summary import recorded
from usenetsync_tui.errors import (
    CatalogueHeldError,
    EngineLostError,
    NoEngineError,
    UsenetSyncError,
    refusal,
)
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.answers import Answer
from usenetsync_tui.model.commands.command import Command
from usenetsync_tui.model.commands.engine import Drain
from usenetsync_tui.model.commands.jobs import Cancel, Resume, Upload
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.outcomes import Summary
from usenetsync_tui.model.status.jobs import JobStatus
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.waiting import Waiting, WaitsFor
from usenetsync_tui.postgres.lock import SHORTEST_PATIENCE
from usenetsync_tui.settings.settings import Settings
from usenetsync_tui.wire.client import RemoteEngine, attached
from usenetsync_tui.wire.loss import EngineLoss

_LIVE = (JobState.RUNNING, JobState.PAUSED)
_POLL = 0.2


class WantedJob:
    """A job that the command wants done, and what became of it."""

    def __init__(self, command: Command, job_id: int | None = None) -> None:
        self.command = command
        self.job_id = job_id
        self.refused: UsenetSyncError | None = None
        """Why there is no job."""
        self.summary: Summary | None = None
        """How it ended; None: it has not ended, or there is none."""

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens to it."""
        return self.refused is not None or self.summary is not None

    def take(self, answer: Answer) -> None:
        """Take an engine's answer to the command."""
        if answer.job_id is not None:
            self.job_id = answer.job_id
        elif answer.problem and self.job_id is None:
            self.refused = refusal(answer)


class Errand:
    """The wanted jobs of one command."""

    def __init__(
        self,
        settings: Settings,
        locations: Locations,
        wanted: list[WantedJob],
        *,
        what: str,
        voice: Voice,
        wait: float = 0.0,
        cancels: bool = True,
    ) -> None:
        """`what`: the verb. `wait`: seconds to wait for an engine that cannot be reached.

        `cancels`: a signal ends the jobs; otherwise only the command, if another engine works.
        """
        self._settings, self._locations = settings, locations
        self._what, self._voice, self._wait, self._cancels = what, voice, wait, cancels
        self._following = anyio.CancelScope()
        self._engine: Engine | RemoteEngine | None = None
        self._heir_until = -inf
        """Until when another program is to become the engine (seconds of the event loop)."""
        self.wanted = wanted
        self.interrupted = False
        """Whether a signal stopped the command."""

    # What the command shows meanwhile

    def figures(self) -> JobStatus | None:
        """The figures of the wanted job that is running."""
        ids = {each.job_id for each in self.wanted}
        jobs = self._engine.status.jobs if self._engine is not None else ()
        return next((j for j in jobs if j.id in ids and j.state in _LIVE), None)

    def waiting(self) -> Waiting | None:
        """What the engine waits for, or that it has other jobs first."""
        engine = self._engine
        if engine is None:
            return Waiting("waiting for the next engine") if self._heir_is_due else None
        if engine.status.waiting is not None or isinstance(engine, Engine):
            return engine.status.waiting
        return Waiting(
            f"waiting for {engine.holder}, which has other jobs first", what=WaitsFor.PROGRAM
        )

    def standing(self) -> object:
        """A value that changes with any progress."""
        return progress.standing(self.figures())

    # The work

    async def run(self) -> None:
        """Have the jobs done; returns when they are over, or a signal has stopped them.

        Raises what ends an engine of our own, such as `CatalogueHeldError`.
        """
        with stopped_by(self._stop, self.standing, self._voice):
            await self._run()

    async def run_attached(self) -> bool:
        """The same if an engine runs; otherwise do nothing, and return False."""
        with stopped_by(self._stop, self.standing, self._voice):
            if not await self._in_running_engine():
                return False
            await self._run()
            return True

    async def _run(self) -> None:
        deadline = anyio.current_time() + self._wait
        while not self.interrupted and not all(each.is_over for each in self.wanted):
            if await self._in_running_engine():
                continue
            if self._heir_is_due:
                await anyio.sleep(_POLL)
                continue
            left = deadline - anyio.current_time()
            try:
                # Not longer at a time: the holder may be about to listen.
                await self._in_own_engine(min(max(left, SHORTEST_PATIENCE), 5.0))
                return
            except CatalogueHeldError:
                if anyio.current_time() >= deadline and not await self._in_running_engine():
                    raise

    async def _in_running_engine(self) -> bool:
        """Have them done by the engine that runs; False if none does.

        Also returns when that engine is lost: the rest is left.
        """
        try:
            async with attached(
                self._locations, who=self._what, database_url=self._settings.database_url
            ) as engine:
                self._engine = engine
                with suppress(EngineLostError), self._following:
                    await self._follow(engine)
                    return True
                if not self.interrupted:
                    self._lose(engine.loss)
                return True
        except NoEngineError as error:
            if any(error.args):  # a program listens, but cannot be used
                self._complain(str(error))
            return False

    async def _follow(self, engine: RemoteEngine) -> None:
        for each in self.wanted:
            if each.job_id is None and not each.is_over:
                answer = await engine.ask(each.command)
                each.take(answer)
                if answer.problem and each.job_id is not None:  # the queue has it; it may be paused
                    await engine.ask(Resume(each.job_id))
        jobs = self._left
        if jobs and not self.interrupted:
            self._complain(f"{engine.holder} does the work: {_numbers(jobs)}.")
        if self.interrupted:  # it was, before the jobs had numbers
            self._cancel(engine)
        for each in jobs:
            assert each.job_id is not None
            each.summary = await engine.summary(each.job_id)

    def _lose(self, loss: EngineLoss) -> None:
        """Say that the engine is gone, and what becomes of the jobs."""
        self._engine = None
        self._heir_until = anyio.current_time() + loss.patience
        goes_on = not loss.patience and any(each.job_id for each in self._left)
        next_ = f" Going on with {_numbers(self._left)}." if goes_on else ""
        self._complain(f"{loss.words}{next_}")

    @property
    def _heir_is_due(self) -> bool:
        """Whether another program is about to become the engine."""
        return anyio.current_time() < self._heir_until

    @property
    def _left(self) -> list[WantedJob]:
        return [each for each in self.wanted if not each.is_over]

    async def _in_own_engine(self, patience: float) -> None:
        engine = Engine(self._settings, self._locations, what=self._what, patience=patience)
        left = self._left
        for each in left:
            command = each.command if each.job_id is None else Resume(each.job_id)
            engine.submit(command, _taker(engine, each))
        self._engine = engine
        if self.interrupted:
            self._drain(engine)
        await engine.run(until_idle=True)
        for each in left:
            if each.job_id is not None:
                each.summary = engine.summaries.get(each.job_id) or await self._recorded(each)

    async def _recorded(self, each: WantedJob) -> Summary | None:
        """The summary of a job that another engine has brought to its end."""
        assert each.job_id is not None
        async with open_catalogue(self._settings, self._locations, self._what) as opened:
            return await recorded(opened.catalogue, each.job_id)

    # Stopping it

    def _stop(self) -> None:
        self.interrupted = True
        if isinstance(self._engine, RemoteEngine):
            self._cancel(self._engine)
        elif self._engine is not None:
            self._drain(self._engine)
        elif self._heir_is_due:
            self._complain(f"{_numbers(self._left)} goes on in the background.")

    def _cancel(self, engine: RemoteEngine) -> None:
        """Ask another program's engine to end our jobs, and no others."""
        if not self._cancels:
            self._following.cancel()
            return
        for each in self.wanted:
            if each.job_id is not None and not each.is_over:
                engine.submit(Cancel(each.job_id))
                self._complain(f"asked {engine.holder} to cancel job {each.job_id}.")

    def _drain(self, engine: Engine) -> None:
        """End our own engine. An upload stays in the queue.

        Any other job is cancelled: it must not go on by itself later.
        """
        for each in self.wanted:
            if self._cancels and each.job_id and not isinstance(each.command, Upload):
                engine.submit(Cancel(each.job_id))
        engine.submit(Drain())

    def _complain(self, words: str) -> None:
        if not self._voice.quiet:
            voices.complain(f"usenetsync: {safe_name(words)}")


def _numbers(jobs: Sequence[WantedJob]) -> str:
    return ", ".join(f"job {each.job_id}" for each in jobs if each.job_id is not None)


def _taker(engine: Engine, each: WantedJob) -> Callable[[Answer], None]:
    def take(answer: Answer) -> None:
        each.take(answer)
        if answer.problem and answer.job_id is not None:  # the queue has it; it may be paused
            engine.submit(Resume(answer.job_id))

    return take


async def with_progress(errand: Errand, voice: Voice) -> None:
    """Run an errand, and show its progress meanwhile."""
    async with anyio.create_task_group() as group:
        group.start_soon(lambda: progress.show(errand.figures, voice, waiting=errand.waiting))
        await errand.run()
        group.cancel_scope.cancel()
