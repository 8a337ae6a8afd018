"""The lines of the folders pane: each folder is the state of its backup, then its errands.

A folder's first line has its last version with its time and state, or, while an upload is open,
how far that is. A restore, a check or a refused command never takes that place: it has a line of
its own (`errand_lines`).
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from rich.cells import cell_len

from usenetsync_tui.cells import cut, cut_middle
from usenetsync_tui.model.folders import Snapshot, SnapshotState
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.status.engine import EngineState, EngineStatus
from usenetsync_tui.model.status.folders import FolderStatus, LastCheck
from usenetsync_tui.model.status.jobs import JobStatus
from usenetsync_tui.model.text.figures import NOTHING, bar, count, duration, percent, plural, rate
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.tui.kit.inks import Line, Span, fit, width_of
from usenetsync_tui.tui.kit.state_words import JOB_STATES
from usenetsync_tui.tui.panes.errand_lines import STALLED, errand_lines, fraction, message_lines
from usenetsync_tui.tui.panes.folder_figures import figures_line, shown_job

ROOMY = 42
"""The width in cells from which the state or the speed fits beside the bar."""
WIDE = 54
"""The width in cells from which the remaining time fits too."""
_INDEXING: Span = ("… indexing", "busy")
_NEW: Span = ("· new", "muted")
_REMINDER = "! Recovery string not seen yet: press K"
"""Until the user has seen the string that brings the folder back without this machine."""
_GLYPH = 2
_PERCENT = 5
_SPEED = 11
_LEFT = 11
_SHORT_BAR = 4
_TIMES = ("%Y-%m-%d %H:%M", "%m-%d %H:%M", "%m-%d")
"""The time of a version, the longest that has room."""
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
    """The lines of each folder: its backup, figures, messages and errands.

    `stalled`: ids of jobs without progress. `others`: jobs of the queue; a folder lists the open
    ones of its own that it does not name itself.
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
    below = (figures, *_backup(each, room), *_errands(each, room, stalled, others))
    return (
        fit(_head(each, state, width, name_width), width),
        *(((" " * _GLYPH, "plain"), *line) for line in below if line),
    )


def _tail_width(width: int) -> int:
    """Cells after the bar, the same for all folders."""
    return 0 if width < ROOMY else _SPEED if width < WIDE else _SPEED + _LEFT


# The first line


def _state(each: FolderStatus, stalled: frozenset[int]) -> Span:
    job = shown_job(each)
    if job is None:
        return _IN_WORDS[each.latest.state] if each.latest else _NEW
    if job.state is JobState.RUNNING and job.id in stalled:
        return STALLED
    if job.state is JobState.RUNNING and not job.scanned and not job.done_bytes:
        return _INDEXING
    return JOB_STATES[job.state]


def _head(each: FolderStatus, state: Span, width: int, name_width: int) -> Line:
    """Glyph and name; then version, time and state, or percent, bar and speed of the upload."""
    job, (word, ink) = shown_job(each), state
    name = cut(cut_middle(safe_name(each.folder.name), name_width), name_width)
    start: Line = ((f"{word[:1]:<{_GLYPH}}", ink), (name, "strong"))
    tail = _tail(job, state, width)
    if job is None and each.latest is not None:
        return (*start, *_version(each.latest, width - width_of((*start, *tail))), *tail)
    done = fraction(job) if job else None
    start = (*start, (f"{NOTHING if done is None else percent(done):>{_PERCENT}}  ", "plain"))
    full, empty = bar(done or 0.0, max(0, width - width_of(start) - width_of(tail)))
    return (*start, (full, "busy" if ink == "muted" else ink), (empty, "track"), *tail)


def _version(latest: Snapshot, room: int) -> Line:
    """The version and its time in exactly `room` cells, under the percents of other folders."""
    version = f"{f'v{latest.version}':>{_PERCENT}}  "
    times = (_when(latest, form) for form in _TIMES)
    when = next((t for t in times if len(version) + len(t) <= room), "")
    return ((version, "plain"), (f"{when:<{max(0, room - len(version))}}", "muted"))


def _when(latest: Snapshot, form: str = _TIMES[0]) -> str:
    return (latest.finished_at or latest.started_at).astimezone().strftime(form)


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


# Below it


def _backup(each: FolderStatus, width: int) -> list[Line]:
    """What else there is to say of the backup: messages, the version before, health."""
    lines: list[Line] = []
    job, latest = each.backup, each.latest
    if job is not None and job.message and job.state is not JobState.COMPLETED:
        lines += message_lines(job, width)
    elif job is not None and job.state is JobState.RUNNING and job.current:
        lines.append(((cut_middle(safe_name(job.current), width), "muted"),))
    if latest is not None:
        if shown_job(each) is not None:
            lines.append(((cut_middle(_before(latest), width), "muted"),))
        lines += _health(each.check, width)
        if not each.folder.string_seen:
            lines.append(((cut_middle(_REMINDER, width), "warn"),))
    return lines


def _before(latest: Snapshot) -> str:
    """The version that can be restored now, while an upload is open or has failed."""
    return f"last v{latest.version} · {_when(latest)} · {_IN_WORDS[latest.state][0][2:]}"


def _health(check: LastCheck | None, width: int) -> list[Line]:
    """What the last check of all articles found."""
    if check is None:
        return []
    day = f"{check.finished_at.astimezone():%Y-%m-%d}"
    lost = check.missing + check.damaged
    if lost:
        words = f"! {count(lost)} of {plural(check.checked, 'article')} lost · {day}"
        return [((cut_middle(words, width), "bad"),)]
    sample = f" (1 in {check.sample})" if check.sample > 1 else ""
    unknown = f", {count(check.unknown)} without an answer" if check.unknown else ""
    words = f"✓ verified {day}: {plural(check.checked, 'article')}{sample}{unknown}"
    return [((cut_middle(words, width), "warn" if unknown else "muted"),)]


def _errands(
    each: FolderStatus, width: int, stalled: frozenset[int], others: Sequence[JobStatus]
) -> list[Line]:
    """The folder's last errand, until the next upload is over, and all open ones."""
    backup, errand = each.backup, each.errand
    shown = {errand.id: errand} if errand is not None and _is_news(errand, backup) else {}
    for job in others:
        if job.folder_id == each.folder.id and not job.state.is_over:
            shown.setdefault(job.id, job)
    if backup is not None:
        shown.pop(backup.id, None)
    return [
        line
        for job in shown.values()
        for line in errand_lines(job, width, is_stalled=job.id in stalled)
    ]


def _is_news(errand: JobStatus, backup: JobStatus | None) -> bool:
    return not errand.state.is_over or backup is None or errand.id > backup.id


def no_folder_lines(status: EngineStatus, width: int) -> list[Line]:
    """The text of a pane without folders."""
    if status.state is EngineState.STARTING:
        return [((cut_middle("Opening the catalogue…", width), "muted"),)]
    if status.read_only:
        return [(("No folders yet.", "muted"),)]
    text = "No folders yet. Press a to add one."
    return [((line, "muted"),) for line in textwrap.wrap(text, max(8, width))]
