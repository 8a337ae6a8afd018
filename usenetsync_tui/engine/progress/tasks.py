"""Tasks that the engine runs beside its jobs: each has a number, a title and its progress."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from anyio.abc import TaskGroup

from usenetsync_tui.engine.progress.events import EventLog
from usenetsync_tui.engine.progress.figures import reusing_equal
from usenetsync_tui.errors import UsenetSyncError, leading_error
from usenetsync_tui.model.status.tasks import TaskStatus
from usenetsync_tui.model.text.safe_name import safe_name

_KEPT = 5
"""Ended tasks that are still shown."""


@dataclass(slots=True)
class Task:
    """One task and its progress."""

    number: int
    words: str
    done: int = 0
    total: int | None = None
    over: bool = False
    problem: str = ""
    outcome: str = "done"
    """The words for the log when it succeeded."""

    def status(self) -> TaskStatus:
        """The immutable status of the task now."""
        return TaskStatus(self.number, self.words, self.done, self.total, self.over, self.problem)


class Tasks:
    """The tasks of an engine; they end with the task group they run in."""

    def __init__(self, group: TaskGroup, events: EventLog) -> None:
        self._group = group
        self._events = events
        self._tasks: list[Task] = []
        self._count = 0
        self._statuses: tuple[TaskStatus, ...] = ()

    @property
    def statuses(self) -> tuple[TaskStatus, ...]:
        """The running tasks and the last ended ones, by number."""
        self._statuses = reusing_equal(self._statuses, (task.status() for task in self._tasks))
        return self._statuses

    def begin(self, words: str, work: Callable[[Task], Awaitable[None]]) -> None:
        """Run a task beside the jobs; a failure is logged, and ends nothing else."""
        self._count += 1
        task = Task(self._count, safe_name(words))
        self._tasks.append(task)
        self._group.start_soon(self._run, task, work)

    async def _run(self, task: Task, work: Callable[[Task], Awaitable[None]]) -> None:
        try:
            await work(task)
        except Exception as error:
            failure = leading_error(error)
            if not isinstance(failure, UsenetSyncError):
                raise
            task.problem = safe_name(str(failure))
            self._events.bad(f"{task.words}: {failure}")
        else:
            self._events.info(f"{task.words}: {task.outcome}")
        task.over = True
        ended = [t for t in self._tasks if t.over]
        for old in ended[:-_KEPT]:
            self._tasks.remove(old)
