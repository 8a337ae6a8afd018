"""A found file, a state of a file, and the cost of a version in one line each. Pure functions."""

from __future__ import annotations

from usenetsync_tui.cells import cut, cut_middle
from usenetsync_tui.model.entries import FileKind
from usenetsync_tui.model.text.figures import NOTHING, size
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.text.words import CHANGE_WORDS
from usenetsync_tui.model.versions.changes import Change
from usenetsync_tui.model.versions.history import FoundFile, PastState, VersionCost, version_runs
from usenetsync_tui.tui.kit.inks import Ink, Line
from usenetsync_tui.tui.kit.list_lines import MARK, mark, minute, minute_of

CHANGE_INKS: dict[Change, Ink] = {
    Change.ADDED: "good",
    Change.MODIFIED: "busy",
    Change.REMOVED: "warn",
    Change.EXCLUDED: "muted",
}
_CHANGE = 12
_SIZE = 10
_DATE = 18
_VERSION = 8
_VERSIONS = 16
_WIDE = 100
"""Cells from which a list also shows the times of files."""
_FOLDER = 16
_NS = 1_000_000_000


def found_header(width: int) -> Line:
    """The names of the columns of what was found."""
    name = max(0, width - MARK - _VERSIONS - _SIZE - _FOLDER)
    text = f"{' ' * MARK}{'VERSIONS':<{_VERSIONS}}{'FOLDER':<{_FOLDER}}{cut('NAME', name)}"
    return ((cut(f"{text}{'SIZE':>{_SIZE}}", width), "muted"),)


def found_line(row: FoundFile, width: int, *, cursor: bool) -> Line:
    """The versions that have a path, its folder, the path and its size."""
    room = max(0, width - MARK - _VERSIONS - _SIZE - _FOLDER)
    folder = cut(cut_middle(safe_name(row.folder), _FOLDER - 1), _FOLDER)
    amount = size(row.size) if row.kind is FileKind.REGULAR else NOTHING
    versions = cut_middle(version_runs(row.versions), _VERSIONS - 2)
    return (
        *mark(cursor=cursor),
        (cut(versions, _VERSIONS), "warn" if row.is_gone else "good"),
        (folder, "muted"),
        (cut(cut_middle(safe_name(row.path) or ".", room), room), "plain"),
        (f"{amount:>{_SIZE}}", "muted"),
    )


def past_header(width: int) -> Line:
    """The names of the columns of a file's history."""
    text = f"{' ' * MARK}{'VERSION':>{_VERSION}}  {'FINISHED':<{_DATE}}{'CHANGE':<{_CHANGE}}"
    modified = f"{'MODIFIED':<{_modified(width)}}" if _modified(width) else ""
    return ((cut(f"{text}{'SIZE':>{_SIZE}}  {modified}DIFFERS IN", width), "muted"),)


def _modified(width: int) -> int:
    """Cells of the time of a file: none in a narrow list."""
    return _DATE if width >= _WIDE else 0


def past_line(row: PastState, width: int, *, cursor: bool) -> Line:
    """The version, when it was finished, how and in what the path changed."""
    word, ink = CHANGE_WORDS[row.change], CHANGE_INKS[row.change]
    amount = size(row.size or 0) if row.kind is FileKind.REGULAR else NOTHING
    modified = NOTHING if row.mtime_ns is None else minute_of(row.mtime_ns // _NS)
    modified = f"{modified:<{_DATE}}" if _modified(width) else ""
    used = MARK + _VERSION + 2 + _DATE + _CHANGE + _SIZE + 2 + _modified(width)
    return (
        *mark(cursor=cursor),
        (f"{row.version:>{_VERSION}}  ", "strong"),
        (f"{minute(row.finished_at):<{_DATE}}", "muted"),
        (f"{word:<{_CHANGE}}", ink),
        (f"{amount:>{_SIZE}}  {modified}", "muted"),
        (cut_middle(differs_words(row), max(0, width - used)), "plain"),
    )


def differs_words(row: PastState) -> str:
    """In what a state differs from the one before, why it is gone, or why it has no content."""
    if row.rule is not None:
        return safe_name(str(row.rule))
    return f"not backed up: {safe_name(row.reason)}" if row.reason else ", ".join(row.kinds)


def cost_header(width: int) -> Line:
    """The names of the columns of the costs."""
    text = f"{' ' * MARK}{'VERSION':>{_VERSION}}  {'FINISHED':<{_DATE}}{'FILES':>{_SIZE}}"
    text += f"{'SIZE':>{_SIZE}}{'CHANGED':>{_SIZE}}{'POSTED':>{_SIZE}}"
    return ((cut(text, width), "muted"),)


def cost_line(row: VersionCost, width: int, *, cursor: bool) -> Line:
    """The version, its files and bytes, the bytes it changed, and those it posted."""
    figures = f"{row.files:>{_SIZE},}{size(row.size):>{_SIZE}}{size(row.changed_bytes):>{_SIZE}}"
    return (
        *mark(cursor=cursor),
        (f"{row.version:>{_VERSION}}  ", "strong"),
        (f"{minute(row.finished_at):<{_DATE}}{figures}", "muted"),
        (f"{size(row.posted_bytes):>{_SIZE}}", "plain"),
    )
