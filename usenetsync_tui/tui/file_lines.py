"""A file of the list in one line."""

from __future__ import annotations

from usenetsync_tui.model.entries import FileKind
from usenetsync_tui.model.ports import FileRow, FileView
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.tui.inks import Line, cut, cut_middle
from usenetsync_tui.tui.words import FILE_STATES, size

_SIZE = 11
_ARTICLES = 15
_STATE = 12
_MARK = 2
_KINDS = {FileKind.DIRECTORY: "folder", FileKind.SYMLINK: "link"}


def _name_width(width: int) -> int:
    return max(8, width - _MARK - _SIZE - _ARTICLES - _STATE)


def header_line(width: int) -> Line:
    """The names of the columns."""
    name = cut("name", _name_width(width))
    text = f"  {name}{'size':>{_SIZE}}{'articles':>{_ARTICLES - 2}}  state"
    return ((cut(text, width), "muted"),)


def file_line(row: FileRow, width: int, *, cursor: bool) -> Line:
    """Name, size, articles posted of articles needed, state; a reason takes their place."""
    word, ink = FILE_STATES[row.state]
    room = _name_width(width)
    name = cut(cut_middle(safe_name(row.path) or ".", room - 1), room)
    amount = _KINDS.get(FileKind(row.kind)) or size(row.size)
    articles = f"{row.posted:,}/{row.articles:,}" if row.articles else "–"
    mark: Line = (("> ", "accent"),) if cursor else (("  ", "plain"),)
    return (
        *mark,
        (name, "plain"),
        (f"{amount:>{_SIZE}}", "muted"),
        (f"{articles:>{_ARTICLES - 2}}  ", "muted"),
        (cut(word, _STATE), ink),
    )


def waiting_line() -> Line:
    """A row that is not here yet."""
    return (("  …", "muted"),)


def position(number: int, count: int, *, exact: bool) -> str:
    """Where the cursor is in the list."""
    if not count:
        return ""
    total = f"{count:,}" if exact else f"{count:,}+"
    share = f" · {100 * (number + 1) // count}%" if exact else ""
    return f"row {number + 1:,} / {total}{share}"


def reason(row: FileRow | None) -> str:
    """Why a file failed, for the frame."""
    if row is None or row.state is not FileView.FAILED or not row.reason:
        return ""
    return safe_name(row.reason)
