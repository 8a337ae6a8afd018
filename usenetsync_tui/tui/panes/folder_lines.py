"""The lines of the folders pane: two or three for each folder, with aligned progress bars."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from rich.cells import cell_len

from usenetsync_tui.cells import cut, cut_middle
from usenetsync_tui.model.figures import NOTHING, bar, duration, percent, rate
from usenetsync_tui.model.folders import Snapshot, SnapshotState
from usenetsync_tui.model.jobs import JobState, Verb
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.model.status import EngineState, EngineStatus, FolderStatus, JobStatus
from usenetsync_tui.tui.kit.inks import Ink, Line, Span, fit, width_of
from usenetsync_tui.tui.kit.state_words import JOB_STATES
from usenetsync_tui.tui.panes.folder_figures import figures_line

MESSAGE_LINES = 3
"""The most lines of a job's message."""
ROOMY = 42
"""The width in cells from which the state or the speed fits beside the bar."""
WIDE = 54
"""The width in cells from which the remaining time fits too."""
STALLED: Span = ("! stalled", "bad")
_INDEXING: Span = ("… indexing", "busy")
_NEW: Span = ("· new", "muted")
_REMINDER = "! Recovery string not seen yet: press K"
"""Until the user has seen the string that brings the folder back without this machine."""
_GLYPH = 2
_PERCENT = 5
_SPEED = 11
_LEFT = 11
_SHORT_BAR = 4
_IN_WORDS: dict[SnapshotState, Span] = {
    SnapshotState.BUILDING: ("… unfinished", "warn"),
    SnapshotState.COMPLETE: ("✓ done", "good"),
    SnapshotState.INCOMPLETE: ("! incomplete", "warn"),
}


def folder_blocks(
    folders: Sequence[FolderStatus],
    width: int,
    *,
    stalled: frozenset[int] = frozenset(),
    others: Sequence[JobStatus] = (),
) -> list[tuple[Line, ...]]:
    """The lines of each folder: progress, figures, message and other jobs.

    `stalled`: ids of jobs without progress. `others`: jobs of the queue; a folder lists those of
    its own that are not its `job`.
    """
    longest = max((cell_len(safe_name(each.folder.name)) for each in folders), default=0)
    tail = _tail_width(width)
    most = width - tail - _GLYPH - _PERCENT - _SHORT_BAR - 2
    name_width = max(4, min(longest, most if width < ROOMY else width // 3, 24))
    return [_block(each, width, name_width, stalled, others) for each in folders]


def _block(
    each: FolderStatus,
    width: int,
    name_width: int,
    stalled: frozenset[int],
    others: Sequence[JobStatus],
) -> tuple[Line, ...]:
    state = _state(each, stalled)
    room = max(1, width - _GLYPH)
    # Without room for the state beside the bar, it begins the second line.
    said = () if _tail_width(width) or state[0] == JOB_STATES[JobState.RUNNING][0] else state
    figures = figures_line(each, room, said=said, short=width < ROOMY)
    below = [line for line in (figures, *_below(each, room, others)) if line]
    return (
        fit(_head(each, state, width, name_width), width),
        *(((" " * _GLYPH, "plain"), *line) for line in below),
    )


def _tail_width(width: int) -> int:
    """Cells after the bar, the same for all folders."""
    return 0 if width < ROOMY else _SPEED if width < WIDE else _SPEED + _LEFT


def fraction(job: JobStatus) -> float | None:
    """The finished part, 0.0 to 1.0, of bytes, or of files if there are no bytes.

    None while the walk has found nothing.
    """
    if job.total_bytes:
        return min(1.0, job.done_bytes / job.total_bytes)
    if job.total_files:
        return min(1.0, job.done_files / job.total_files)
    return 1.0 if job.scanned else None


def _state(each: FolderStatus, stalled: frozenset[int]) -> Span:
    job = each.job
    if job is None:
        return _IN_WORDS[each.latest.state] if each.latest else _NEW
    if job.state is JobState.RUNNING and job.id in stalled:
        return STALLED
    if job.state is JobState.RUNNING and not job.scanned and not job.done_bytes:
        return _INDEXING
    return JOB_STATES[job.state]


def _head(each: FolderStatus, state: Span, width: int, name_width: int) -> Line:
    """Glyph, name, percent and bar; then speed and remaining time, or the state in a word."""
    job, (word, ink) = each.job, state
    done = fraction(job) if job else 1.0 if each.latest else None
    name = cut(cut_middle(safe_name(each.folder.name), name_width), name_width)
    start: Line = (
        (f"{word[:1]:<{_GLYPH}}", ink),
        (name, "strong"),
        (f"{NOTHING if done is None else percent(done):>{_PERCENT}}  ", "plain"),
    )
    tail = _tail(job, state, width)
    full, empty = bar(done or 0.0, max(0, width - width_of(start) - width_of(tail)))
    return (*start, (full, "busy" if ink == "muted" else ink), (empty, "track"), *tail)


def _tail(job: JobStatus | None, state: Span, width: int) -> Line:
    room = _tail_width(width)
    if not room:
        return ()
    word, ink = state
    said = word[2:]
    if job is None or job.state is not JobState.RUNNING or state == STALLED:
        took = f" in {duration(job.elapsed)}" if job and job.state.is_over and job.elapsed else ""
        text = said + took if len(said + took) < room else said
        return ((f"{text:>{room}}", ink),)
    speed: Span = (f"{rate(job.bytes_per_second):>{_SPEED}}", "plain")
    if room == _SPEED:
        return (speed,)
    left = said if state == _INDEXING else f"ETA {duration(job.eta)}"
    return (speed, (f"{left:>{_LEFT}}", "muted"))


def _below(each: FolderStatus, width: int, others: Sequence[JobStatus]) -> list[Line]:
    lines: list[Line] = []
    job = each.job
    if job is not None:
        if job.verb is not Verb.UPLOAD:
            lines.append(_job_line(job, width))
        if job.message and job.state is not JobState.COMPLETED:
            lines += _message(job, width)
        elif job.state is JobState.RUNNING and job.current:
            lines.append(((cut_middle(safe_name(job.current), width), "muted"),))
    elif each.latest is not None:
        lines += _backed_up(each.latest, width)
    own = None if job is None else job.id
    if each.latest is not None and not each.folder.string_seen:
        lines.append(((cut_middle(_REMINDER, width), "warn"),))
    lines += [
        _job_line(other, width)
        for other in others
        if other.folder_id == each.folder.id and other.id != own and not other.state.is_over
    ]
    return lines


def _job_line(job: JobStatus, width: int) -> Line:
    """A job that is not the folder's upload: verb, version, state and target."""
    word, ink = JOB_STATES[job.state]
    what = f"{job.verb} version {job.version}" if job.version is not None else str(job.verb)
    state = "" if job.state is JobState.RUNNING else f" {word}"
    start = cut_middle(what, max(0, width - cell_len(state)))
    line: Line = ((start, "accent"), (state, ink))
    room = width - width_of(line) - 3
    if not job.target or room < 8:
        return line
    return (*line, (" → ", "muted"), (cut_middle(safe_name(job.target), room), "plain"))


def _message(job: JobStatus, width: int) -> list[Line]:
    ink: Ink = "bad" if job.state is JobState.FAILED else "warn"
    if job.state in (JobState.RUNNING, JobState.PAUSED, JobState.QUEUED, JobState.CANCELLED):
        ink = "muted"
    text = safe_name(job.message)
    lines = textwrap.wrap(text, max(8, width), max_lines=MESSAGE_LINES, placeholder=" …")
    return [((cut_middle(line, width), ink),) for line in lines]


def _backed_up(latest: Snapshot, width: int) -> list[Line]:
    at = latest.finished_at or latest.started_at
    text = f"backed up {at.astimezone():%Y-%m-%d %H:%M}"
    return [((text, "muted"),)] if len(text) <= width else []


def no_folder_lines(status: EngineStatus, width: int) -> list[Line]:
    """The text of a pane without folders."""
    if status.state is EngineState.STARTING:
        return [((cut_middle("Opening the catalogue…", width), "muted"),)]
    if status.read_only:
        return [(("No folders yet.", "muted"),)]
    text = "No folders yet. Press a to add one."
    return [((line, "muted"),) for line in textwrap.wrap(text, max(8, width))]
