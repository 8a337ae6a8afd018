"""A job in a few lines: state and name, progress, counts, what it is at or came to."""

from __future__ import annotations

import textwrap

from usenetsync_tui.model.folders import Priority
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.model.status import EngineState, EngineStatus, JobStatus
from usenetsync_tui.tui.inks import Line, Span, cut_middle, flow, spread, width_of
from usenetsync_tui.tui.words import JOB_STATES, bar, duration, percent, plural, rate, size

MESSAGE_LINES = 3
"""At most so many for what a job has to say."""
_STATE = 13
"""Cells of the mark and the state."""
_ROOMY = 44
"""Cells from which the speed has room beside the bar."""


def job_lines(job: JobStatus, width: int, *, chosen: bool) -> list[Line]:
    """State and name; progress; counts; what it is at, or has to say."""
    word, ink = JOB_STATES[job.state]
    version = "" if job.version is None else f"  version {job.version}"
    phase = job.phase if job.state is JobState.RUNNING else ""
    doing = f"{job.verb} · {phase}" if phase not in ("", job.verb) else str(job.verb)
    if job.priority is not Priority.NORMAL:
        doing = f"{doing} · {job.priority.name.lower()}"
    room = width - _STATE - len(version) - len(doing) - 3
    name = cut_middle(safe_name(job.folder), max(8, room))
    mark: Span = ("> ", "accent") if chosen else ("  ", "plain")
    head: Line = (mark, (f"{word:<{_STATE - 2}}", ink), (name, "strong"), (version, "muted"))
    below = (_progress(job, width - 2), _counts(job, width - 2), *_last(job, width - 2))
    return [
        spread(head, ((doing, "muted"),), width),
        *((("  ", "plain"), *line) for line in below),
    ]


def fraction(job: JobStatus) -> float | None:
    """How much of it is done; None while nothing is known. A job without bytes has files."""
    if job.total_bytes:
        return min(1.0, job.done_bytes / job.total_bytes)
    if job.total_files:
        return min(1.0, job.done_files / job.total_files)
    return 1.0 if job.scanned else None


def _progress(job: JobStatus, width: int) -> Line:
    done = fraction(job)
    _, ink = JOB_STATES[job.state]
    running = job.state is JobState.RUNNING
    part = "–" if done is None else percent(done)
    left = f"ETA {duration(job.eta)}" if running else _took(job)
    speed = rate(job.bytes_per_second) if running else ""
    figures: Line = ((f" {part:>5}", "strong"), (f"{speed:>13}", "plain"), (f"{left:>13}", "muted"))
    if width < _ROOMY:
        figures = (figures[0], figures[2])
    full, empty = bar(done or 0.0, max(0, width - width_of(figures)))
    return ((full, "busy" if running else ink), (empty, "track"), *figures)


def _took(job: JobStatus) -> str:
    return f"took {duration(job.elapsed)}" if job.state.is_over and job.elapsed else ""


def _counts(job: JobStatus, width: int) -> Line:
    if job.state is JobState.QUEUED and not job.total_files:
        return (("Waiting for its turn.", "muted"),)
    # Until the walk is over the totals are only what it has found so far.
    more = "" if job.scanned else "+"
    fields: list[Line] = [
        ((f"{job.done_files:,} / {job.total_files:,}{more} files", "plain"),),
    ]
    if job.errors:
        fields.append(((f"! {plural(job.errors, 'error')}", "bad"),))
    amount = f"{size(job.done_bytes)} / {size(job.total_bytes)}{more}"
    fields.append(((amount, "plain"),))
    if job.unchanged:
        fields.append(((f"{job.unchanged:,} unchanged", "muted"),))
    if job.deduplicated_bytes:
        fields.append(((f"{size(job.deduplicated_bytes)} deduplicated", "muted"),))
    return flow(fields, width, rows=1, gap=2)[0]


def _last(job: JobStatus, width: int) -> list[Line]:
    if job.message:
        bad = job.state in (JobState.FAILED, JobState.INCOMPLETE)
        lines = textwrap.wrap(
            safe_name(job.message), max(8, width), max_lines=MESSAGE_LINES, placeholder=" …"
        )
        return [((line, "bad" if bad else "muted"),) for line in lines]
    if job.state is JobState.RUNNING and job.current:
        return [((cut_middle(safe_name(job.current), width), "muted"),)]
    return [()]


def empty_lines(status: EngineStatus) -> list[Line]:
    """What to do when there is no job."""
    if status.state is EngineState.STARTING:
        return [(("Opening the catalogue…", "muted"),)]
    return [
        (("No folder is being kept yet.", "plain"),),
        (("Quit with q, then: usenetsync tui PATH", "muted"),),
    ]
