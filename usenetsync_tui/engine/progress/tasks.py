"""What the engine does beside its jobs: each with a number, its words, and how far it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from anyio.abc import TaskGroup

from usenetsync_tui.engine.progress.events import EventLog
from usenetsync_tui.engine.progress.figures import same
from usenetsync_tui.errors import UsenetSyncError, leading_error
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.model.status import TaskStatus

_KEPT = 5
"""Tasks that ended, and are shown still."""


@dataclass(slots=True)
class Task:
    """One of them, while it is under way."""

    number: int
    words: str
    done: int = 0
    total: int | None = None
    over: bool = False
    problem: str = ""
    outcome: str = "done"
    """What is said of it when it went well."""

    def status(self) -> TaskStatus:
        """As it is now."""
        return TaskStatus(self.number, self.words, self.done, self.total, self.over, self.problem)


class Tasks:
    """The tasks of an engine's life; they end with the group they run in."""

    def __init__(self, group: TaskGroup, events: EventLog) -> None:
        self._group = group
        self._events = events
        self._tasks: list[Task] = []
        self._count = 0
        self._statuses: tuple[TaskStatus, ...] = ()

    @property
    def statuses(self) -> tuple[TaskStatus, ...]:
        """Those under way, and the last ones that ended; by number."""
        self._statuses = same(self._statuses, (task.status() for task in self._tasks))
        return self._statuses

    def begin(self, words: str, work: Callable[[Task], Awaitable[None]]) -> None:
        """Do something beside the jobs; what goes wrong with it is told, and ends nothing else."""
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
