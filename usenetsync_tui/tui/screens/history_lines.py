"""One line for a job of the history, and for a notice of a job; the headers above them. Pure."""

from __future__ import annotations

from usenetsync_tui.cells import cut, cut_middle
from usenetsync_tui.model.entries import Notice
from usenetsync_tui.model.jobs import Job, JobState, PastJob, Verb
from usenetsync_tui.model.text.figures import NOTHING, count, duration, size
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.text.words import NOTICE_WORDS
from usenetsync_tui.tui.kit.inks import Line, fit
from usenetsync_tui.tui.kit.list_lines import MARK, mark, minute
from usenetsync_tui.tui.kit.state_words import JOB_STATES

_STATE, _VERB, _STARTED, _TOOK, _FILES, _BYTES, _POSTED = 14, 9, 18, 8, 9, 10, 10
_FOLDER = 16
_LEAST_REASON = 16
"""Cells below which the column of reasons is left out."""
_KIND = 20


def _amounts(width: int) -> bool:
    """Whether there is room for what was posted and why a job ended, beside the rest."""
    fixed = MARK + _STATE + _VERB + _FOLDER + _STARTED + _TOOK + _FILES + _BYTES
    return width >= fixed + _POSTED + _LEAST_REASON


def history_header(width: int) -> Line:
    """The names of the columns."""
    folder = _folder_room(width)
    text = (
        " " * MARK
        + f"{'OUTCOME':<{_STATE}}{'JOB':<{_VERB}}"
        + cut("FOLDER", folder)
        + f"{'STARTED':<{_STARTED}}{'TOOK':>{_TOOK}}"
    )
    if _amounts(width):
        text += f"{'FILES':>{_FILES}}{'SIZE':>{_BYTES}}{'POSTED':>{_POSTED}}  REASON"
    else:
        text += f"{'SIZE':>{_BYTES}}"
    return ((cut(text, width), "muted"),)


def _folder_room(width: int) -> int:
    if _amounts(width):
        return _FOLDER
    return max(0, width - MARK - _STATE - _VERB - _STARTED - _TOOK - _BYTES)


def history_line(row: PastJob, width: int, *, cursor: bool) -> Line:
    """How a job ended, what it was, when it began, how long it worked, amounts and reason."""
    job, (word, ink) = row.job, JOB_STATES[row.job.state]
    folder = _folder_room(width)
    version = f" v{job.version}" if job.version is not None else ""
    name = cut_middle(safe_name(row.folder), max(1, folder - len(version) - 1)) + version
    line: Line = (
        *mark(cursor=cursor),
        (f"{word:<{_STATE}}", ink),
        (f"{job.verb:<{_VERB}}", "plain"),
        (cut(name, folder), "plain"),
        (f"{minute(job.started_at or job.created_at):<{_STARTED}}", "muted"),
        (f"{duration(job.worked) if job.worked else NOTHING:>{_TOOK}}", "muted"),
    )
    if not _amounts(width):
        return fit((*line, (f"{size(job.done_bytes):>{_BYTES}}", "muted")), width)
    posted = size(job.posted_bytes) if job.verb is not Verb.RESTORE else NOTHING
    figures = f"{count(job.done_files):>{_FILES}}{size(job.done_bytes):>{_BYTES}}"
    line = (*line, (f"{figures}{posted:>{_POSTED}}  ", "muted"))
    taken = MARK + _STATE + _VERB + folder + _STARTED + _TOOK + _FILES + _BYTES + _POSTED + 2
    return (*line, (cut_middle(reason(job), max(1, width - taken)), ink))


def reason(job: Job) -> str:
    """Why a job is not simply done, safe to show; for a restore, where it went."""
    if job.message and job.state is not JobState.COMPLETED:
        return safe_name(job.message)
    if job.errors:
        return f"{job.errors:,} errors"
    return f"→ {safe_name(job.target)}" if job.target else ""


def notices_header(width: int) -> Line:
    """The names of the columns of a job's notices."""
    room = _path_room(width)
    return ((cut(f"{' ' * MARK}{'WHAT':<{_KIND}}{cut('PATH', room)}  REASON", width), "muted"),)


def _path_room(width: int) -> int:
    return max(8, (width - MARK - _KIND) * 3 // 5)


def notice_line(notice: Notice, width: int, *, cursor: bool) -> Line:
    """What happened to a path, and why."""
    room = _path_room(width)
    word = f"{'!' if notice.is_error else '·'} {NOTICE_WORDS[notice.kind]}"
    line: Line = (
        *mark(cursor=cursor),
        (f"{word:<{_KIND}}", "bad" if notice.is_error else "muted"),
        (cut(cut_middle(safe_name(notice.path) or ".", room), room), "plain"),
        ("  ", "plain"),
        (cut_middle(safe_name(notice.reason), max(1, width - MARK - _KIND - room - 2)), "muted"),
    )
    return fit(line, width)
