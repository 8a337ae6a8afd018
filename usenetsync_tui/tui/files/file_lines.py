"""One line for a file of the list, and the header with the names of the columns. Pure functions."""

from __future__ import annotations

from enum import IntEnum

from usenetsync_tui.cells import cut, cut_middle
from usenetsync_tui.model.digests import FileDigest
from usenetsync_tui.model.entries import FileKind, unfitted_time
from usenetsync_tui.model.lists.files import FileFilter, FileOrder, FileView
from usenetsync_tui.model.lists.filter_words import words_of
from usenetsync_tui.model.ports.browser import FileRow
from usenetsync_tui.model.text.figures import NOTHING, count, size
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.tui.kit.inks import Line
from usenetsync_tui.tui.kit.list_lines import MARK, mark, minute_of
from usenetsync_tui.tui.kit.state_words import FILE_STATES

_SIZE = 9
_ARTICLES = 12
_STATE = 11
_MODIFIED = 18
_DIGEST = 18
_GAP = "  "
_LEAST_NAME = 20
"""Cells that the name keeps; a column that would leave it fewer is dropped."""
_KINDS = {
    FileKind.DIRECTORY: "folder",
    FileKind.SYMLINK: "link",
    FileKind.FIFO: "FIFO",
    FileKind.SOCKET: "socket",
    FileKind.CHARACTER_DEVICE: "device",
    FileKind.BLOCK_DEVICE: "device",
}


class Columns(IntEnum):
    """The set of columns to show; each adds one column to the set before."""

    BASIC = 0
    MODIFIED = 1
    DIGEST = 2

    def following(self) -> Columns:
        """The next set; after the last the first."""
        return Columns((self + 1) % len(Columns))


def _widths(width: int, columns: Columns) -> tuple[int, int, int, int, int]:
    """Cells of name, size, articles, modified and digest; 0: no room for it."""
    name = width - MARK - _STATE - len(_GAP)
    asked = [("size", _SIZE)]
    if columns >= Columns.DIGEST:
        asked.append(("digest", _DIGEST))
    if columns >= Columns.MODIFIED:
        asked.append(("modified", _MODIFIED))
    # A column that the user turned on gets room before one that is always asked for.
    asked.append(("articles", _ARTICLES))
    cells = dict.fromkeys(("size", "articles", "modified", "digest"), 0)
    for column, width_asked in asked:
        if name - width_asked >= _LEAST_NAME:
            cells[column] = width_asked
            name -= width_asked
    return (max(0, name), cells["size"], cells["articles"], cells["modified"], cells["digest"])


def header_line(width: int, columns: Columns = Columns.BASIC) -> Line:
    """The names of the columns."""
    name, amount, articles, modified, digest = _widths(width, columns)
    text = (
        " " * MARK
        + cut("NAME", name)
        + "SIZE".rjust(amount)[:amount]
        + "ARTICLES".rjust(articles)[:articles]
        + (_GAP + "MODIFIED").ljust(modified)[:modified]
        + (_GAP + "DIGEST").ljust(digest)[:digest]
        + f"{_GAP}STATE"
    )
    return ((cut(text, width), "muted"),)


def order_at(x: int, width: int, columns: Columns) -> FileOrder | None:
    """The order that a click at cell `x` of the header asks for; None: none by that column."""
    name, amount, *_ = _widths(width, columns)
    if x < MARK + name:
        return FileOrder.PATH
    return FileOrder.SIZE if x < MARK + name + amount else None


def file_line(
    row: FileRow,
    width: int,
    *,
    cursor: bool,
    marked: bool = False,
    columns: Columns = Columns.BASIC,
    under: bytes | None = None,
) -> Line:
    """A file's mark, name, size, articles posted of those needed, chosen columns and state.

    `under`: the directory of the tree, which the name does without; None: the list is flat. A
    folder of the tree stands for all in it, of whose states its own row knows nothing.
    """
    word, ink = FILE_STATES[row.state]
    if under is not None and row.kind == FileKind.DIRECTORY and row.state is not FileView.FAILED:
        word, ink = NOTHING, "muted"
    name = row.path.removeprefix(under or b"")
    room, amount, articles, modified, digest = _widths(width, columns)
    figures = ""
    if amount:
        figures = (_KINDS.get(FileKind(row.kind)) or size(row.size)).rjust(amount)
    if articles:
        figures += _articles(row).rjust(articles)
    if modified:
        seconds = unfitted_time(row.mtime_ns) // 1_000_000_000
        figures += f"{_GAP}{minute_of(seconds):<{modified - len(_GAP)}}"
    if digest:
        figures += f"{_GAP}{_digest(row.digest):<{digest - len(_GAP)}}"
    return (
        *mark(cursor=cursor, marked=marked),
        (cut(cut_middle(safe_name(name) or ".", room), room), "plain"),
        (figures + _GAP, "muted"),
        (cut(word, min(_STATE, max(0, width - MARK - len(_GAP)))), ink),
    )


def _digest(digest: FileDigest | None) -> str:
    """Its first digits; its kind and the rest stand with the articles of the file."""
    return f"{digest.value.hex()[: _DIGEST - 3]}…" if digest is not None else NOTHING


def _articles(row: FileRow) -> str:
    if not row.articles:
        return NOTHING
    exact = f"{row.posted:,}/{row.articles:,}"
    return exact if len(exact) < _ARTICLES else f"{count(row.posted)}/{count(row.articles)}"


def sorted_words(order: FileOrder, *, reverse: bool) -> str:
    """The sort order: ``by path ▲``. The triangle points up for ascending, down for descending."""
    ascending = (order is FileOrder.PATH) is not reverse
    return f"by {order.value} {'▲' if ascending else '▼'}"


def reason(row: FileRow | None) -> str:
    """Why a file failed, safe to display; empty: it did not fail."""
    if row is None or row.state is not FileView.FAILED or not row.reason:
        return ""
    return safe_name(row.reason)


def marked_words(number: int, wanted: FileFilter, *, everything: bool, exact: bool) -> str:
    """The number of marked files: ``2 marked``, ``all 8,412 that match``.

    `exact`: whether `number` is final; else it grows as more pages are read.
    """
    if not everything:
        return f"{number:,} marked"
    amount = f"all {number:,}{'' if exact else '+'}"
    return f"{amount} that match" if wanted else f"{amount} marked"


def filter_words(wanted: FileFilter) -> str:
    """A filter as the user types it, safe to display."""
    return safe_name(words_of(wanted))
