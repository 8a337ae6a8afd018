"""The lines of the errors pane: causes, the files that each affects, and the job's own error."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

from rich.cells import cell_len

from usenetsync_tui.cells import cut_middle
from usenetsync_tui.model.entries import NoticeKind
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.ports.browser import Cause
from usenetsync_tui.model.status.folders import FolderStatus
from usenetsync_tui.model.status.jobs import JobStatus
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.text.words import NOTICE_WORDS
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.tui.kit.choosing_view import Item
from usenetsync_tui.tui.kit.inks import Ink, Line, fit, width_of

PAGE = 50
"""Files of a cause that the pane reads at once."""
MOST_FILES = 1_000
"""The most files that it shows of a cause; the list of files has all."""

CauseKey = tuple[NoticeKind, str, str]


@value_object
class CauseFileKey:
    """The key of a file under its cause."""

    cause: CauseKey
    path: bytes


@value_object
class MoreKey:
    """The key of the last line under a cause, for the files that are not read yet."""

    cause: CauseKey


@value_object
class AffectedFiles:
    """The files of an unfolded cause that the pane has read."""

    paths: tuple[bytes, ...] = ()
    complete: bool = False
    """Whether these are all files of the cause."""


def key_of(cause: Cause) -> CauseKey:
    """The key of a cause, which stays the same while its count changes."""
    return (cause.kind, cause.reason, cause.server)


def cause_items(
    causes: Sequence[Cause], unfolded: Mapping[CauseKey, AffectedFiles], width: int
) -> list[Item]:
    """An item for each cause; under an unfolded one its full reason and an item for each file."""
    digits = max((len(f"{cause.count:,}") for cause in causes), default=0)
    items: list[Item] = []
    for cause in causes:
        key = key_of(cause)
        files = unfolded.get(key)
        items.append(Item(key, _cause(cause, digits, width, unfolded=files is not None)))
        if files is not None:
            items += _files(cause, files, width)
    return items


def _cause(cause: Cause, digits: int, width: int, *, unfolded: bool) -> tuple[Line, ...]:
    ink: Ink = "bad" if cause.kind.is_error else "muted"
    sign = "- " if unfolded else "+ "
    start: Line = (
        (sign, "muted"),
        (f"{cause.count:>{digits},} × ", "strong"),
        (NOTICE_WORDS[cause.kind], ink),
    )
    server: Line = ((f" · {safe_name(cause.server)}", "muted"),) if cause.server else ()
    reason = safe_name(cause.reason)
    room = width - width_of(start) - width_of(server) - 2
    if not reason or room < 12:
        return (fit((*start, *server), width), *_full_reason(reason, width, unfolded=unfolded))
    line = (*start, ("  ", "plain"), (cut_middle(reason, room), "plain"), *server)
    return (line, *_full_reason(reason, width, unfolded=unfolded and cell_len(reason) > room))


def _full_reason(reason: str, width: int, *, unfolded: bool) -> tuple[Line, ...]:
    """The full reason under an unfolded cause, wrapped."""
    if not unfolded:
        return ()
    room = max(8, width - 4)
    return tuple(
        (("    ", "plain"), (cut_middle(line, room), "plain"))
        for line in textwrap.wrap(reason, room)
    )


def _files(cause: Cause, files: AffectedFiles, width: int) -> list[Item]:
    key, room = key_of(cause), max(1, width - 4)
    items = [
        Item(
            CauseFileKey(key, path),
            ((("    ", "plain"), (cut_middle(safe_name(path) or ".", room), "muted")),),
        )
        for path in files.paths
    ]
    if files.complete:
        return items
    shown = f"{len(files.paths):,} of {cause.count:,}"
    if len(files.paths) >= MOST_FILES:
        words = f"{shown} · all of them: in Files, filter is:failed"
    else:
        words = f"{shown} · enter shows more" if files.paths else "…"
    line: Line = (("    ", "plain"), (cut_middle(words, room), "accent"))
    return [*items, Item(MoreKey(key), (line,))]


def has_errors(folder: FolderStatus | None) -> bool:
    """Whether the folder's job or latest version has errors to show."""
    if folder is None:
        return False
    job, latest = folder.job, folder.latest
    if job is not None and (job.errors or job.state in (JobState.FAILED, JobState.INCOMPLETE)):
        return True
    return latest is not None and latest.errors > 0


def verdict_lines(job: JobStatus | None, width: int) -> list[Line]:
    """The message of a job that failed or is incomplete; else no line."""
    if job is None or not job.message or job.state not in (JobState.FAILED, JobState.INCOMPLETE):
        return []
    ink: Ink = "bad" if job.state is JobState.FAILED else "warn"
    lines = textwrap.wrap(safe_name(job.message), max(8, width))
    return [((cut_middle(line, width), ink),) for line in lines]
