"""The status of what is no job: events, tasks, tests of a server, examinations."""

from __future__ import annotations

from enum import StrEnum

from usenetsync_tui.model.machine.findings import Finding
from usenetsync_tui.model.value_object import value_object


class Severity(StrEnum):
    """How much attention an event needs."""

    INFO = "info"
    WARN = "warn"
    BAD = "bad"


@value_object
class Event:
    """A line of the log. The text has no markup; names in it are made safe already."""

    at: float
    """Seconds since the epoch."""
    severity: Severity
    text: str


@value_object
class TaskStatus:
    """Work besides the jobs: an action on files, the writing of an NZB."""

    number: int
    words: str
    """What it does: ``retry 37 files of photos``."""
    done: int
    total: int | None
    """None while it is not known."""
    over: bool = False
    problem: str = ""
    """Why it failed; empty: it did not."""


@value_object
class TrialStep:
    """One step of a server's test."""

    name: str
    ok: bool | None
    """None: not possible on this server, and not needed."""
    seconds: float
    detail: str


@value_object
class Trial:
    """A server's test, with the steps done so far."""

    server: str
    steps: tuple[TrialStep, ...] = ()
    over: bool = False

    @property
    def passed(self) -> bool:
        """Whether it is over and no step failed."""
        return self.over and all(step.ok is not False for step in self.steps)


@value_object
class Examination:
    """What was found on this machine, as far as it was looked at."""

    number: int
    """1 for the first of an engine's life."""
    findings: tuple[Finding, ...] = ()
    """In the order they were made; nothing of the terminal."""
    over: bool = False
    stopped: bool = False
    """The user ended it."""
    problem: str = ""
    """Why it did not get to its end."""
