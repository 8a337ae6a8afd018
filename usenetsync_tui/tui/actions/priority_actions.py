"""What a user can do to the order of the queue: the priorities of jobs and of folders."""

from __future__ import annotations

from usenetsync_tui.model.commands.command import Command
from usenetsync_tui.model.commands.folders import Choose, FolderChoices
from usenetsync_tui.model.commands.jobs import SetPriority
from usenetsync_tui.model.folders import Priority
from usenetsync_tui.model.status.folders import FolderStatus
from usenetsync_tui.model.text.figures import plural
from usenetsync_tui.tui.actions import meant_jobs
from usenetsync_tui.tui.actions.context import Context, want_each
from usenetsync_tui.tui.kit.action import Action
from usenetsync_tui.tui.kit.command_request import writable


def move(here: Context, by: int) -> None:
    """Move the jobs that are meant up (-1) or down (1) the queue, by one priority."""
    moved = [(job, meant_jobs.moved(job, by)) for job in meant_jobs.open_jobs(here)]
    commands = [SetPriority(job.id, to) for job, to in moved if to != job.priority]
    one = len(moved) == 1
    said = _priority(moved[0][1]) if one else f"{plural(len(commands), 'job')} moved."
    want_each(here, commands, said)


def prioritise(here: Context, priority: Priority) -> None:
    """Set the priority of the jobs that are meant; of a folder without an open job, its own."""
    wanted = [_prioritised(each, priority) for each in here.meant]
    commands = [command for command in wanted if command is not None]
    want_each(here, commands, _priority(priority))


def _prioritised(each: FolderStatus, priority: Priority) -> Command | None:
    job = each.job
    if job is None or job.state.is_over:
        return Choose(each.folder.id, FolderChoices(priority=priority))
    return SetPriority(job.id, priority) if priority != job.priority else None


def _priority(priority: Priority) -> str:
    return f"Priority {priority.name.lower()}."


PRIORITY_ACTIONS: tuple[Action[Context], ...] = (
    Action(
        "job.sooner",
        "sooner",
        lambda here: move(here, -1),
        (writable, meant_jobs.has_open, meant_jobs.can_move(-1)),
        keys="plus,equals_sign",
        key_display="+",
    ),
    Action(
        "job.later",
        "later",
        lambda here: move(here, 1),
        (writable, meant_jobs.has_open, meant_jobs.can_move(1)),
        keys="minus",
        key_display="-",
    ),
)
