"""The figures of a folder in one line, as many as fit."""

from __future__ import annotations

from rich.cells import cell_len

from usenetsync_tui.model.folders import Folder, Priority
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.status.folders import FolderStatus
from usenetsync_tui.model.status.jobs import JobStatus
from usenetsync_tui.model.text.figures import count, plural, size
from usenetsync_tui.tui.kit.inks import Line, Span, fit

_GAP = "  "


def shown_job(each: FolderStatus) -> JobStatus | None:
    """The upload that the folder's first lines show; None: they show its last version.

    A finished upload is its version; one that failed, or has no version, is shown itself.
    """
    job = each.backup
    if job is None or not job.state.is_over:
        return job
    return job if job.state is JobState.FAILED or each.latest is None else None


def figures_line(
    each: FolderStatus, width: int, *, said: Span | tuple[()] = (), short: bool = False
) -> Line:
    """`said`, then files, bytes, version, store and profile, priority, and errors.

    `short`: counts have three digits. A figure without room is dropped, but never the errors.
    """
    errors = _errors(each, short=short)
    room = width - (cell_len(errors[0]) + len(_GAP) if errors else 0)
    spans: list[Span] = []
    left = room
    fields = [said] if said else []
    fields += [(text, "muted") for text in _fields(each, short=short) if text]
    for text, ink in fields:
        gap = _GAP if left < room else ""
        if len(gap) + cell_len(text) <= left:
            spans.append((gap + text, ink))
            left -= len(gap) + cell_len(text)
    if errors:
        spans.append((_GAP + errors[0] if spans else errors[0], errors[1]))
    return fit(spans, width)


def _errors(each: FolderStatus, *, short: bool) -> Span | None:
    job, latest = shown_job(each), each.latest
    number = job.errors if job is not None else latest.errors if latest is not None else 0
    words = count(number) if short else plural(number, "error")
    return (f"! {words}", "bad") if number else None


def _fields(each: FolderStatus, *, short: bool) -> list[str]:
    job = shown_job(each)
    version = job.version if job is not None else None
    priority = each.folder.priority if job is None else job.priority
    return [
        *_amounts(each, short=short),
        "" if version is None else f"v{version}",
        _realm(each.folder),
        "" if priority is Priority.NORMAL else priority.name.lower(),
    ]


def _amounts(each: FolderStatus, *, short: bool) -> list[str]:
    job, latest = shown_job(each), each.latest
    if job is not None and (job.total_files or job.done_files):
        return _progress(job, short=short)
    if job is not None and job.entries:
        return [f"{plural(job.entries, 'path')} found"]
    if latest is not None:
        files = f"{count(latest.files)} files" if short else plural(latest.files, "file")
        return [files, size(latest.size)]
    return ["not backed up yet"]


def _progress(job: JobStatus, *, short: bool) -> list[str]:
    # Until the walk ends, the totals count only the files that it has found so far.
    more = "" if job.scanned else "+"
    if short:
        files = f"{count(job.done_files)}/{count(job.total_files)}{more} files"
    else:
        files = f"{job.done_files:,}/{job.total_files:,}{more} files"
    return [files, _of(size(job.done_bytes), size(job.total_bytes)) + more]


def _of(done: str, total: str) -> str:
    """``1.21/2.20 TB``: with one unit if both have the same."""
    number, _, unit = done.partition(" ")
    return f"{number}/{total}" if total.endswith(f" {unit}") else f"{done}/{total}"


def _realm(folder: Folder) -> str:
    copies = f" ×{folder.copies}" if folder.copies > 1 else ""
    return f"{folder.realm.store}·{folder.realm.profile}{copies}"
