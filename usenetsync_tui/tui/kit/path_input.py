"""A text field for a path, with tab completion as in a shell and a list of the sub-folders.

Why not `textual-fspicker`: it is a dialog with a tree of `str` names that reads directories to
their end; a form needs one line, for any bytes, and for folders with millions of files.
Another thread reads the folders (`call_with_timeout`), so the line stays usable when a mount does
not answer.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.events import Key
from textual.message import Message
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from usenetsync_tui.environment import current_folder
from usenetsync_tui.model.text.figures import plural
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.tui.kit.beside import run_beside
from usenetsync_tui.tui.kit.folder_listing import FolderListing, PathCheck, list_folders
from usenetsync_tui.tui.kit.form import Field
from usenetsync_tui.tui.kit.hanging_calls import call_with_timeout
from usenetsync_tui.tui.kit.path_words import at_home, home, shown_path, typed_path

_SILENT = "The file system does not answer."


async def checked(check: Callable[[], PathCheck]) -> PathCheck:
    """The result of a check of the file system; a problem if the file system does not answer."""
    try:
        return await call_with_timeout(check)
    except TimeoutError:
        return PathCheck(problem=_SILENT)


async def listed(directory: bytes, prefix: bytes = b"") -> FolderListing:
    """The sub-folders of a folder; a problem if the file system does not answer."""
    try:
        return await call_with_timeout(partial(list_folders, directory, prefix))
    except TimeoutError:
        return FolderListing(directory, prefix, problem=_SILENT)


class PathInput(Input):
    """The text field of a `PathField`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete", "complete", id="path.complete"),
        Binding("down", "browse", "folders", id="path.browse"),
    ]

    class Completing(Message):
        """The user pressed tab."""

    class Browsing(Message):
        """The user pressed the down key."""

    def action_complete(self) -> None:
        """Complete the typed path, or move to the next field."""
        self.post_message(self.Completing())

    def action_browse(self) -> None:
        """Move to the list of sub-folders."""
        self.post_message(self.Browsing())


class FolderList(OptionList, inherit_bindings=False):
    """The sub-folders of the typed path; keys open one or the folder above."""

    BINDING_GROUP_TITLE = "Folders"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "cursor_down", "down", show=False, id="folders_below.down"),
        Binding("up,k", "step_up", "up", show=False, id="folders_below.up"),
        Binding("pagedown", "page_down", "a page down", show=False, id="folders_below.page_down"),
        Binding("pageup", "page_up", "a page up", show=False, id="folders_below.page_up"),
        Binding("home,g", "first", "first", show=False, id="folders_below.first"),
        Binding("end,G", "last", "last", show=False, id="folders_below.last"),
        Binding("enter,right,l", "select", "into it", id="folders_below.into"),
        Binding("left,h,backspace", "leave", "folder above", id="folders_below.above"),
    ]
    _MOVING = frozenset("jkhlgG")

    class Leaving(Message):
        """The user wants the folder above."""

    class Typed(Message):
        """A character for the text field; empty: only move the focus to it."""

        def __init__(self, character: str) -> None:
            super().__init__()
            self.character = character

    def on_key(self, event: Key) -> None:
        """Send typed characters to the text field."""
        if event.is_printable and event.character and event.character not in self._MOVING:
            event.stop()
            self.post_message(self.Typed(event.character))

    def action_step_up(self) -> None:
        """Move up; from the first sub-folder to the text field."""
        if self.highlighted:
            self.action_cursor_up()
        else:
            self.post_message(self.Typed(""))

    def action_leave(self) -> None:
        """Go to the folder above."""
        self.post_message(self.Leaving())


class PathField(Field):
    """A field for a path: the text field, a note, and the list of sub-folders."""

    def __init__(self, label: str, *, id: str, path: bytes = b"", hint: str = "") -> None:
        """`id`: of the text field; `path`: its first content."""
        self._input = PathInput(shown_path(path), id=id, compact=True, select_on_focus=False)
        self._input.cursor_blink = False
        super().__init__(label, self._input, hint=hint)
        self._listing = FolderListing(b"")
        self._paths: tuple[bytes, ...] = ()
        """The paths of the lines in the list."""
        self._tried = ""
        """The text that tab could not complete further."""

    def compose(self) -> ComposeResult:
        yield from super().compose()
        yield Static("", markup=False, classes="path-note")
        with Horizontal(classes="path-below"):
            yield FolderList(markup=False, compact=True, classes="path-folders")

    @property
    def path(self) -> bytes:
        """The typed path, with ``~`` resolved; not checked."""
        return at_home(typed_path(self._input.value), home())

    def on_mount(self) -> None:
        self.look()

    def on_input_changed(self, event: Input.Changed) -> None:
        """List the folders that match the new text."""
        self.look()

    def look(self) -> None:
        """List the folders that begin with the typed path."""
        if not self._input.value:
            places = dict.fromkeys((home() or b"/", current_folder() or b"/", b"/"))
            self.workers.cancel_group(self, "look")
            note = "Type a path: tab completes, down goes to the folders."
            self._offer([(path, safe_name(path)) for path in places], note)
        elif not self.path.startswith(b"/"):
            self._offer([], "A path begins with / or ~.")
        else:
            run_beside(self, self._list, group="look", exclusive=True)

    async def _list(self) -> None:
        directory, prefix = os.path.split(self.path)
        listing = await self._read(directory, prefix)
        names = listing.starting_with(prefix)
        below = [(os.path.join(directory, name), safe_name(name) + "/") for name in names]
        self._offer(below, _note(listing, names))

    async def _read(self, directory: bytes, prefix: bytes) -> FolderListing:
        if not self._listing.answers(directory, prefix):
            self._listing = await listed(directory)
            if not self._listing.answers(directory, prefix) and not self._listing.problem:
                self._listing = await listed(directory, prefix)
        return self._listing

    def _offer(self, folders_below: Sequence[tuple[bytes, str]], note: str) -> None:
        if not self.query(".path-note"):
            return  # the form closes, and its parts go first
        self.query_one(".path-note", Static).update(Content(note))
        paths = tuple(path for path, _ in folders_below)
        if paths == self._paths:
            return
        self._paths = paths
        folders = self.query_one(FolderList)
        folders.clear_options()
        folders.add_options([Option(Content(label)) for _, label in folders_below])
        folders.highlighted = 0 if paths else None
        if folders.has_focus and not paths:
            self._input.focus()

    def put(self, path: bytes) -> None:
        """Put a path into the text field."""
        self._input.value = shown_path(path)
        self._input.cursor_position = len(self._input.value)

    def on_path_input_completing(self, event: PathInput.Completing) -> None:
        """Complete the path, or move to the next field."""
        run_beside(self, self._complete, group="complete", exclusive=True)

    async def _complete(self) -> None:
        directory, prefix = os.path.split(self.path)
        typed = self._input.value
        if prefix and directory.startswith(b"/") and typed != self._tried:
            listing = await self._read(directory, prefix)
            if typed != self._input.value:
                return  # the user typed meanwhile
            continued = listing.continued(prefix)
            if len(continued) > len(prefix):
                self.put(os.path.join(directory, continued))
                return
            names = listing.starting_with(prefix)
            self._tried = typed
            if names and prefix not in names:
                return  # a second tab moves to the next field
        if self._input.has_focus:
            self.screen.focus_next("Input, OptionRow, Button")

    def on_path_input_browsing(self, event: PathInput.Browsing) -> None:
        """Move to the list of sub-folders, or, if it is empty, to the next field."""
        if self._paths:
            self.query_one(FolderList).focus()
        else:
            self.screen.focus_next("Input, OptionRow, Button")

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Open the sub-folder."""
        event.stop()
        self.put(self._paths[event.option_index].rstrip(b"/") + b"/")

    def on_folder_list_leaving(self, event: FolderList.Leaving) -> None:
        """Open the folder above."""
        above = os.path.dirname(self.path.rstrip(b"/"))
        self.put(above.rstrip(b"/") + b"/")

    def on_folder_list_typed(self, event: FolderList.Typed) -> None:
        """Move to the text field and type the character there."""
        self._input.focus()
        self._input.insert_text_at_cursor(event.character)


def _note(listing: FolderListing, names: tuple[bytes, ...]) -> str:
    if listing.problem:
        return listing.problem
    if not names:
        return "No folder matches." if listing.names else "This folder has no sub-folders."
    more = "" if listing.complete else ", and perhaps more: type the beginning of a name"
    return plural(len(names), "folder") + more
