"""Asks, when the screen opens, whether heavy jobs of an earlier time go on."""

from __future__ import annotations

from collections.abc import Sequence

from usenetsync_tui.cells import cut_middle
from usenetsync_tui.model.commands.command import Command
from usenetsync_tui.model.commands.jobs import Cancel, Pause, Resume
from usenetsync_tui.model.status.engine import EngineStatus
from usenetsync_tui.model.status.jobs import JobStatus
from usenetsync_tui.model.text.figures import percent, size
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.tui.kit.question import Ask, Choice

_MOST_NAMED = 4
_NAME = 30

_COMMANDS: dict[str, type[Resume] | type[Pause] | type[Cancel]] = {
    "resume": Resume,
    "pause": Pause,
    "cancel": Cancel,
}


class ResumeDialog(Ask):
    """Dismissed with ``resume``, ``pause``, ``cancel`` or None: they wait, and P resumes them."""

    def __init__(self, jobs: Sequence[JobStatus]) -> None:
        them = "it" if len(jobs) == 1 else "all of them"
        choices = (
            Choice("r", f"Resume {them}", "go on where they were", "resume"),
            Choice("p", "Leave paused", "P resumes later", "pause"),
            Choice("c", f"Cancel {them}", "finished work is kept", "cancel"),
        )
        super().__init__(_question(jobs), choices)


def commands_for(answer: str | None, jobs: Sequence[JobStatus]) -> list[Command]:
    """What the answer asks of the engine."""
    command = _COMMANDS[answer or "pause"]
    return [command(job.id) for job in jobs]


class HeldWatch:
    """Finds the jobs that the engine holds until the user is asked."""

    def __init__(self) -> None:
        self._asked: set[int] = set()

    def update(self, status: EngineStatus, *, may_ask: bool) -> list[JobStatus]:
        """The jobs to ask about now, each once. `may_ask`: whether a dialog can open now."""
        if not may_ask or status.read_only:
            return []
        held = set(status.held) - self._asked
        self._asked |= held
        return [job for job in status.jobs if job.id in held]


def _question(jobs: Sequence[JobStatus]) -> str:
    if len(jobs) == 1:
        return f"{_line(jobs[0])}. Resume it now?"
    lines = [f"{len(jobs)} interrupted jobs have much left to do. Resume them now?"]
    lines += [_line(job) for job in jobs[:_MOST_NAMED]]
    if len(jobs) > _MOST_NAMED:
        lines.append(f"… and {len(jobs) - _MOST_NAMED} more")
    return "\n".join(lines)


def _line(job: JobStatus) -> str:
    name = cut_middle(safe_name(job.folder), _NAME)
    if not job.total_bytes:
        return f"The {job.verb} of {name} has not begun"
    left = max(0, job.total_bytes - job.done_bytes)
    part = percent(job.done_bytes / job.total_bytes)
    return f"The {job.verb} of {name} is at {part}, {size(left)} to go"
