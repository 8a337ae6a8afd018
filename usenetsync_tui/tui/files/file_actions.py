"""The actions of a list of files. They act on the marked files, else on the one under the cursor.

Knows the list, its filter and its marks. Refuses to change files: a `CommandRequest` asks the
engine to.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from usenetsync_tui.cells import cut_middle
from usenetsync_tui.model.commands import ActOnFiles
from usenetsync_tui.model.files import FileAction, FileFilter, FileOrder
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.tui.files.marks import Marks, all_of
from usenetsync_tui.tui.kit.action import Action, first_reason, say
from usenetsync_tui.tui.kit.command_request import READ_ONLY, CommandRequest
from usenetsync_tui.tui.kit.paste_safe import copyable
from usenetsync_tui.tui.kit.question import Ask, Choice

if TYPE_CHECKING:
    from usenetsync_tui.tui.files.files_table import FilesTable

_SAID = {
    FileAction.RETRY: "Retrying",
    FileAction.HOLD: "Holding",
    FileAction.LEAVE_OUT: "Leaving out",
}

# Conditions


def _is_listed(table: FilesTable) -> str:
    return "" if table.current_query is not None else "No files are listed here."


def _has_file(table: FilesTable) -> str:
    return _is_listed(table) or ("" if table.cursor_row is not None else "There is no file here.")


def _has_selection(table: FilesTable) -> str:
    return "" if table.selection() is not None else "There is no file here."


def _writable(table: FilesTable) -> str:
    return READ_ONLY if table.live.is_read_only else ""


def _is_being_built(table: FilesTable) -> str:
    query = table.current_query
    if query is None or not table.live.is_finished(query):
        return ""
    return f"Version {query.version} is finished: its files cannot be held or left out."


def _has_articles(table: FilesTable) -> str:
    row = table.cursor_row
    if row is None or row.object_id is not None:
        return ""
    return "It has no articles yet." if row.articles else "It has no articles."


def _has_marks(table: FilesTable) -> str:
    return "" if table.marks or table.marking.anchor is not None else "No file is marked."


def _is_by_path(table: FilesTable) -> str:
    by_path = table.current_query is not None and table.current_query.order is FileOrder.PATH
    return "" if by_path else "A range needs the list sorted by path: press s."


def _has_filter(table: FilesTable) -> str:
    return "" if table.wanted or table.marking.anchor is not None else "No filter is set."


# The list


def _clear(table: FilesTable) -> None:
    """Cancel an unfinished range, else clear the filter."""
    if table.marking.anchor is not None:
        table.put_marks(table.marks)
    else:
        table.filter_by(FileFilter())


def _sort(table: FilesTable) -> None:
    """Sort by the next order: path, then size. A job never changes these columns."""
    if table.current_query is not None:
        orders = list(FileOrder)
        table.sort_by(orders[(orders.index(table.current_query.order) + 1) % len(orders)])


def _reverse(table: FilesTable) -> None:
    """Reverse the current order."""
    if table.current_query is not None:
        table.sort_by(table.current_query.order, reverse=not table.current_query.reverse)


# Marks


def _mark(table: FilesTable) -> None:
    """Mark or unmark the file under the cursor, and move on."""
    row = table.cursor_row
    if row is not None:
        table.put_marks(table.marks.toggled(row.path, table.wanted))
        table.action_move(1)


# Files


def _copy(table: FilesTable) -> None:
    """Copy the absolute path to the terminal's clipboard."""
    row, folder = table.cursor_row, table.folder
    if row is not None and folder is not None:
        path = os.path.join(folder.path, row.path)
        table.app.copy_to_clipboard(copyable(path))
        say(table, f"Copied {cut_middle(safe_name(path), 60)}")


def _act(action: FileAction) -> Callable[[FilesTable], None]:
    def act(table: FilesTable) -> None:
        selection = table.selection()
        if selection is not None:
            said = f"{_SAID[action]} {table.amount()}."
            table.post_message(CommandRequest(ActOnFiles(action, selection), said=said))
            table.put_marks(Marks())

    return act


def _leave_out(table: FilesTable) -> None:
    """Leave files that are not read yet out of this version; ask first if there are several."""
    leave_out = _act(FileAction.LEAVE_OUT)
    if table.marks.count(table.row_count) < 2:
        leave_out(table)
        return
    choices = (
        Choice("y", "Leave them out", "of this version, if they are not read yet", "yes"),
        Choice("n", "Keep them", "", "no"),
    )

    def answered(choice: str | None) -> None:
        if choice == "yes":
            leave_out(table)

    table.app.push_screen(Ask(f"Leave out {table.amount()}?", choices), answered)


FILTER: Action[FilesTable] = Action(
    "files.filter",
    "Filter",
    lambda table: table.ask_filter(),
    _is_listed,
    keys="slash",
    key_display="/",
    footer=True,
)
CLEAR: Action[FilesTable] = Action(
    "files.clear", "no filter", _clear, _has_filter, keys="escape", yields=True
)
SORT: Action[FilesTable] = Action(
    "files.sort", "sort", _sort, _is_listed, keys="s", tooltip="by path or by size"
)
REVERSE: Action[FilesTable] = Action(
    "files.reverse", "reverse the order", _reverse, _is_listed, keys="S"
)
COLUMNS: Action[FilesTable] = Action(
    "files.columns",
    "columns",
    lambda table: table.turn_columns(),
    keys="c",
    tooltip="more, or fewer",
)
MARK: Action[FilesTable] = Action("files.mark", "Mark", _mark, _has_file, keys="space", footer=True)
MARK_ALL: Action[FilesTable] = Action(
    "files.mark_all",
    "mark all that match",
    lambda table: table.put_marks(all_of(table.wanted)),
    _has_file,
    keys="A",
)
UNMARK: Action[FilesTable] = Action(
    "files.unmark",
    "unmark all",
    lambda table: table.put_marks(Marks()),
    _has_marks,
    keys="u",
)
RANGE: Action[FilesTable] = Action(
    "files.range",
    "mark a range",
    lambda table: table.mark_range(),
    first_reason(_has_file, _is_by_path),
    keys="v",
    tooltip="v ends it",
)
OPEN: Action[FilesTable] = Action(
    "files.open",
    "Articles",
    lambda table: table.open_articles(),
    first_reason(_has_file, _has_articles),
    keys="enter",
    tooltip="of the file",
    footer=True,
)
RETRY: Action[FilesTable] = Action(
    "files.retry",
    "Retry",
    _act(FileAction.RETRY),
    first_reason(_writable, _has_selection),
    keys="R",
    tooltip="failed, held and left out",
    footer=True,
)
HOLD: Action[FilesTable] = Action(
    "files.hold",
    "Hold",
    _act(FileAction.HOLD),
    first_reason(_writable, _has_selection, _is_being_built),
    keys="H",
    tooltip="until it is retried",
)
LEAVE_OUT: Action[FilesTable] = Action(
    "files.leave_out",
    "Leave out",
    _leave_out,
    first_reason(_writable, _has_selection, _is_being_built),
    keys="x",
    tooltip="of this version",
    footer=True,
)
COPY: Action[FilesTable] = Action("files.copy", "copy the path", _copy, _has_file, keys="y")
FILE_ACTIONS = (
    FILTER,
    CLEAR,
    SORT,
    REVERSE,
    COLUMNS,
    MARK,
    MARK_ALL,
    UNMARK,
    RANGE,
    OPEN,
    RETRY,
    HOLD,
    LEAVE_OUT,
    COPY,
)
