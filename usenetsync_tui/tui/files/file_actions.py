"""What a user can do in a list of files: to the marked files, else to the one under the cursor.

A change to files is a `CommandRequest`: the engine carries it out.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from usenetsync_tui.model.commands.jobs import ActOnFiles
from usenetsync_tui.model.lists.files import FileAction, FileFilter, FileOrder
from usenetsync_tui.tui.files.file_conditions import (
    has_articles,
    has_file,
    has_filter,
    has_marks,
    has_no_tree,
    has_selection,
    is_being_built,
    is_by_path,
    is_flat,
    is_inside,
    is_listed,
    is_on_directory,
)
from usenetsync_tui.tui.files.marks import Marks
from usenetsync_tui.tui.kit.action import Action, copy_path, say
from usenetsync_tui.tui.kit.command_request import CommandRequest, writable
from usenetsync_tui.tui.kit.question import Ask, Choice

if TYPE_CHECKING:
    from usenetsync_tui.tui.files.files_table import FilesTable

_SAID = {
    FileAction.RETRY: "Retrying",
    FileAction.HOLD: "Holding",
    FileAction.LEAVE_OUT: "Leaving out",
}

# The list


def _clear(table: FilesTable) -> None:
    """Cancel an unfinished range, else clear the filter."""
    if table.marking.anchor is not None:
        table.put_marks(table.marks)
    else:
        table.filter_by(FileFilter())


def _sort(table: FilesTable) -> None:
    """Sort by the next column that never changes: path, size."""
    if table.current_query is not None:
        orders = list(FileOrder)
        table.sort_by(orders[(orders.index(table.current_query.order) + 1) % len(orders)])


def _reverse(table: FilesTable) -> None:
    """Reverse the order."""
    if table.current_query is not None:
        table.sort_by(table.current_query.order, reverse=not table.current_query.reverse)


# Marks


def _mark(table: FilesTable) -> None:
    """Mark or unmark the file under the cursor, and move on."""
    row = table.cursor_row
    if row is not None:
        whole = not is_on_directory(table)
        if whole and table.marks.covers(row.path):
            say(table, "It is part of what is marked: u unmarks all.")
            return
        table.put_marks(table.marks.toggled(row.path, table.wanted, whole=whole))
        table.action_move(1)


# Files


def _copy(table: FilesTable) -> None:
    """Copy the absolute path to the terminal's clipboard."""
    row, folder = table.cursor_row, table.folder
    if row is not None and folder is not None:
        copy_path(table, os.path.join(folder.path, row.path))


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


FILE_ACTIONS: tuple[Action[FilesTable], ...] = (
    Action(
        "files.filter",
        "Filter",
        lambda table: table.ask_filter(),
        (is_listed,),
        keys="slash",
        key_display="/",
        footer=True,
    ),
    Action("files.clear", "no filter", _clear, (has_filter,), keys="escape", yields=True),
    Action(
        "files.sort", "sort", _sort, (is_listed, is_flat), keys="s", tooltip="by path or by size"
    ),
    Action("files.reverse", "reverse the order", _reverse, (is_listed, is_flat), keys="S"),
    Action(
        "files.columns",
        "columns",
        lambda table: table.turn_columns(),
        keys="c",
        tooltip="more, or fewer",
    ),
    Action(
        "files.tree",
        "Tree",
        lambda table: table.turn_tree(),
        (is_listed, has_no_tree),
        keys="t",
        tooltip="folder by folder",
        footer=True,
    ),
    Action(
        "files.flat",
        "Flat",
        lambda table: table.turn_tree(),
        (is_listed,),
        keys="t",
        tooltip="all files in one list",
        footer=True,
    ),
    Action(
        "files.up",
        "folder above",
        lambda table: table.go_up(),
        (is_inside,),
        keys="backspace",
        yields=True,
    ),
    Action("files.mark", "Mark", _mark, (has_file,), keys="space", footer=True),
    Action(
        "files.mark_all",
        "mark all that match",
        lambda table: table.mark_all(),
        (has_file,),
        keys="A",
    ),
    Action(
        "files.unmark",
        "unmark all",
        lambda table: table.put_marks(Marks()),
        (has_marks,),
        keys="u",
    ),
    Action(
        "files.range",
        "mark a range",
        lambda table: table.mark_range(),
        (has_file, is_by_path),
        keys="v",
        tooltip="v ends it",
    ),
    Action(
        "files.open",
        "Articles",
        lambda table: table.open_articles(),
        (has_file, has_articles),
        keys="enter",
        tooltip="of the file",
        footer=True,
    ),
    Action(
        "files.enter",
        "Open",
        lambda table: table.go_into(),
        (is_on_directory,),
        keys="enter",
        tooltip="the folder",
        footer=True,
    ),
    Action(
        "files.retry",
        "Retry",
        _act(FileAction.RETRY),
        (writable, has_selection, is_being_built),
        keys="R",
        tooltip="failed, held and left out",
        footer=True,
    ),
    Action(
        "files.hold",
        "Hold",
        _act(FileAction.HOLD),
        (writable, has_selection, is_being_built),
        keys="H",
        tooltip="until it is retried",
    ),
    Action(
        "files.leave_out",
        "Leave out",
        _leave_out,
        (writable, has_selection, is_being_built),
        keys="x",
        tooltip="of this version",
        footer=True,
    ),
    Action("files.copy", "copy the path", _copy, (has_file,), keys="y"),
)
