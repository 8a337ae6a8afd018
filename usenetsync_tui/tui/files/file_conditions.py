"""When the actions of a list of files apply: an empty string, or a sentence on why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from usenetsync_tui.model.lists.files import FileOrder

if TYPE_CHECKING:
    from usenetsync_tui.tui.files.files_table import FilesTable


def is_listed(table: FilesTable) -> str:
    """Files are listed."""
    return "" if table.current_query is not None else "No files are listed here."


def has_file(table: FilesTable) -> str:
    """A file is under the cursor."""
    return is_listed(table) or ("" if table.cursor_row is not None else "There is no file here.")


def has_selection(table: FilesTable) -> str:
    """Files are marked, or one is under the cursor."""
    return "" if table.selection() is not None else "There is no file here."


def is_being_built(table: FilesTable) -> str:
    """The version is not finished."""
    query = table.current_query
    if query is None or not table.live.is_finished(query):
        return ""
    return f"Version {query.version} is finished: its files cannot be retried, held or left out."


def has_articles(table: FilesTable) -> str:
    """The file under the cursor has articles."""
    row = table.cursor_row
    if row is None or row.object_id is not None:
        return ""
    return "It has no articles yet." if row.articles else "It has no articles."


def has_marks(table: FilesTable) -> str:
    """Files are marked, or a range is begun."""
    return "" if table.marks or table.marking.anchor is not None else "No file is marked."


def is_by_path(table: FilesTable) -> str:
    """The list is sorted by path."""
    by_path = table.current_query is not None and table.current_query.order is FileOrder.PATH
    return is_flat(table) or ("" if by_path else "A range needs the list sorted by path: press s.")


def is_flat(table: FilesTable) -> str:
    """The list is not that of one directory."""
    if table.current_query is None or not table.current_query.is_tree:
        return ""
    return "The tree is sorted by name, without ranges: t lists all files."


def has_no_tree(table: FilesTable) -> str:
    """The list is not that of a directory, nor of what a filter finds below one."""
    query = table.current_query
    return "" if query is None or query.under is None else "This is the tree."


def is_on_directory(table: FilesTable) -> str:
    """A directory of the tree is under the cursor."""
    row, query = table.cursor_row, table.current_query
    if query is not None and query.is_tree and row is not None and row.path.endswith(b"/"):
        return ""
    return "There is no folder here."


def is_inside(table: FilesTable) -> str:
    """The tree shows a directory below the folder."""
    query = table.current_query
    inside = query is not None and query.is_tree and bool(query.under)
    return "" if inside else "This is the top of the tree."


def has_filter(table: FilesTable) -> str:
    """A filter is set, or a range is begun."""
    return "" if table.wanted or table.marking.anchor is not None else "No filter is set."
