"""A version in one line. Pure functions."""

from __future__ import annotations

from usenetsync_tui.cells import cut
from usenetsync_tui.model.folders import Snapshot, SnapshotState
from usenetsync_tui.model.text.figures import count, plural, size
from usenetsync_tui.model.text.words import NOT_INDEXED, marks_in_words
from usenetsync_tui.tui.kit.inks import Ink, Line, width_of
from usenetsync_tui.tui.kit.list_lines import MARK, mark, minute

VERSION_STATES: dict[SnapshotState, tuple[str, Ink]] = {
    SnapshotState.BUILDING: ("▲ being built", "busy"),
    SnapshotState.COMPLETE: ("✓ complete", "good"),
    SnapshotState.INCOMPLETE: ("! incomplete", "warn"),
}
_VERSION = 7
_DATE = 18
_FILES = 11
_SIZE = 9
_CHANGES = 22
_POSTED = 9
_GAP = "  "
_STATE = 15
_LEAST_SAID = 8
"""The fewest cells for protection and tags in words."""


def _figures(width: int, cells: dict[str, tuple[str, int]]) -> str:
    """The columns that fit; if too wide, drops posted bytes first, then size, changes, files."""
    shown = dict(cells)
    for name in ("posted", "size", "changes", "files"):
        if MARK + sum(each for _, each in shown.values()) + _STATE <= width:
            break
        del shown[name]
    return "".join(text.rjust(room) for text, room in shown.values())


def version_header(width: int) -> Line:
    """The names of the columns."""
    cells = {
        "version": ("VERSION", _VERSION),
        "date": ("FINISHED        ", _DATE),
        "files": ("FILES", _FILES),
        "size": ("SIZE", _SIZE),
        "changes": ("CHANGES", _CHANGES),
        "posted": ("POSTED", _POSTED),
    }
    return ((cut(f"{' ' * MARK}{_figures(width, cells)}{_GAP}STATE", width), "muted"),)


def version_line(row: Snapshot, width: int, *, cursor: bool, marked: bool) -> Line:
    """Number, date, files, bytes, changes, bytes posted for it, state, protection and tags."""
    word, ink = VERSION_STATES[row.state]
    number = str(row.version).rjust(_VERSION)
    cells = {
        "date": (f"{minute(row.finished_at or row.started_at):<16}", _DATE),
        "files": (f"{row.files:,}", _FILES),
        "size": (size(row.size), _SIZE),
        "changes": (changes_words(row), _CHANGES),
        "posted": (size(row.stored_size), _POSTED),
    }
    figures = _figures(width - _VERSION, cells)
    line: Line = (
        *mark(cursor=cursor, marked=marked),
        (number, "strong"),
        (figures + _GAP, "muted"),
        (cut(word, _STATE - len(_GAP)), ink),
    )
    said, room = marks_in_words(row), width - width_of(line) - 1
    if not said or room < 1:
        return line
    return (*line, (f" {cut(said, room) if room >= _LEAST_SAID else '◆'}", "accent"))


def changes_words(row: Snapshot) -> str:
    """``+9,012 ~847 -132``: files added, modified and removed since the version before."""
    return f"+{count(row.added)} ~{count(row.modified)} -{count(row.removed)}"


def version_remark(row: Snapshot | None) -> str:
    """What the user says about a version, and what it lacks: its number of errors, its index."""
    if row is None:
        return ""
    lacks = [marks] if (marks := marks_in_words(row)) else []
    lacks += [plural(row.errors, "error")] if row.errors else []
    return " · ".join(lacks + ([NOT_INDEXED] if row.lacks_index else []))
