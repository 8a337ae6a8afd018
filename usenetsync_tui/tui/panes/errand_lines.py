"""The lines of a folder's errands: its jobs that are not its backup, each with its own line."""

from __future__ import annotations

import textwrap

from rich.cells import cell_len

from usenetsync_tui.cells import cut_middle
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.status.jobs import JobStatus
from usenetsync_tui.model.text.figures import duration, percent, rate
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.tui.kit.inks import Ink, Line, Span, width_of
from usenetsync_tui.tui.kit.state_words import JOB_STATES

MESSAGE_LINES = 3
"""The most lines of a job's message."""
STALLED: Span = ("! stalled", "bad")
_LEAST_TARGET = 8
_SETTLED = (JobState.RUNNING, JobState.COMPLETED)
"""States that the glyph and the figures show without their word."""


def errand_lines(job: JobStatus, width: int, *, is_stalled: bool = False) -> list[Line]:
    """``▲ restore version 3  41%  84.2 MB/s → /mnt/back``, and its message unless it is done."""
    lines = [_errand(job, width, is_stalled=is_stalled)]
    if job.message and job.state is not JobState.COMPLETED:
        lines += message_lines(job, width)
    return lines


def _errand(job: JobStatus, width: int, *, is_stalled: bool) -> Line:
    word, ink = STALLED if is_stalled else JOB_STATES[job.state]
    what = f"{job.verb} version {job.version}" if job.version is not None else str(job.verb)
    said = _progress(job, word, is_stalled=is_stalled)
    room = width - cell_len(said) - 2
    said_ink: Ink = "plain" if job.state in _SETTLED and not is_stalled else ink
    start: Line = (
        (f"{word[:1]} ", ink),
        (cut_middle(what, max(0, room)), "accent"),
        (said, said_ink),
    )
    left = width - width_of(start) - 3
    if not job.target or left < _LEAST_TARGET:
        return start
    return (*start, (" → ", "muted"), (cut_middle(safe_name(job.target), left), "plain"))


def _progress(job: JobStatus, word: str, *, is_stalled: bool) -> str:
    if job.state is JobState.RUNNING:
        done = fraction(job)
        part = f"  {percent(done)}" if done is not None else ""
        return part + (f"  {word[2:]}" if is_stalled else f"  {rate(job.bytes_per_second)}")
    if job.state is JobState.COMPLETED and job.elapsed:
        return f"  {word[2:]} in {duration(job.elapsed)}"
    return f"  {word[2:]}"


def fraction(job: JobStatus) -> float | None:
    """The finished part, 0.0 to 1.0, of bytes, or of files if there are no bytes.

    None while the walk has found nothing.
    """
    if job.total_bytes:
        return min(1.0, job.done_bytes / job.total_bytes)
    if job.total_files:
        return min(1.0, job.done_files / job.total_files)
    return 1.0 if job.scanned else None


def message_lines(job: JobStatus, width: int) -> list[Line]:
    """A job's message, wrapped; it is red where the job failed."""
    ink: Ink = "bad" if job.state is JobState.FAILED else "warn"
    if job.state in (JobState.RUNNING, JobState.PAUSED, JobState.QUEUED, JobState.CANCELLED):
        ink = "muted"
    text = safe_name(job.message)
    lines = textwrap.wrap(text, max(8, width), max_lines=MESSAGE_LINES, placeholder=" …")
    return [(_cut(line, width, ink),) for line in lines]


def _cut(text: str, width: int, ink: Ink) -> Span:
    return (cut_middle(text, width), ink)
