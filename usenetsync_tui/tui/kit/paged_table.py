"""A list of any length under one header line, which keeps only the pages near the screen.

Knows pages, a cursor and how to move it. Refuses to know what a row is: subclasses compose it.
Nothing here waits: a row that is not loaded yet is drawn as an ellipsis.
"""

from __future__ import annotations

import re
from typing import ClassVar, Generic

from textual.binding import Binding, BindingType
from textual.events import Click, Resize
from textual.geometry import Size
from textual.strip import Strip

from usenetsync_tui.cells import cut_middle
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.tui.kit.beside import run_beside
from usenetsync_tui.tui.kit.inks import Line
from usenetsync_tui.tui.kit.lines_view import InkedView
from usenetsync_tui.tui.kit.list_lines import gone_line, position, waiting_line
from usenetsync_tui.tui.kit.list_pages import ListPages
from usenetsync_tui.tui.kit.list_source import Key, ListSource, Row
from usenetsync_tui.tui.kit.slim_titles import SlimTitles

HEADER = 1
"""Lines above the rows; they do not scroll."""
_END = 1.0
_POSITION = re.compile(r"(?P<percent>\d{1,3}(?:\.\d{1,6})?)%|(?P<row>\d[\d,]{0,24})")


class PagedTable(InkedView, SlimTitles, Generic[Row, Key]):
    """Shows the rows of a `ListSource`, with a cursor on one of them."""

    BINDING_GROUP_TITLE = "List"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "up", show=False, id="list.up"),
        Binding("down,j", "move(1)", "down", show=False, id="list.down"),
        Binding("pageup", "page(-1)", "a page up", show=False, id="list.page_up"),
        Binding("pagedown", "page(1)", "a page down", show=False, id="list.page_down"),
        Binding("home,g", "top", "to the top", show=False, id="list.home"),
        Binding("end,G", "bottom", "to the end", show=False, id="list.end"),
    ]

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.pages: ListPages[Row, Key] = ListPages(self.pages_changed)
        self._aim: float | int | None = None
        """Where to move once the list is long enough: a share of it from 0 to 1, or a row."""
        self.cursor = 0
        """The row the cursor is on, from 0."""

    # For subclasses

    def header(self, width: int) -> Line:
        """The names of the columns."""
        raise NotImplementedError

    def compose_row(self, row: Row, width: int, number: int) -> Line:
        """One row in at most `width` cells."""
        raise NotImplementedError

    def empty(self) -> Line:
        """The line of a list without rows."""
        raise NotImplementedError

    def heading(self) -> str:
        """The title of the frame."""
        return ""

    def on_head(self, x: int, width: int) -> None:
        """React to a click at cell `x` of the header, which is `width` cells wide."""

    def remarks(self) -> list[str]:
        """Texts for the bottom of the frame, before the position."""
        return []

    # The list

    @property
    def row_count(self) -> int:
        """Rows counted so far."""
        return self.pages.count

    @property
    def cursor_row(self) -> Row | None:
        """The row under the cursor, or None if it is not loaded."""
        return self.pages.row(self.cursor)

    def on_mount(self) -> None:
        """Start the fetcher."""
        run_beside(self, self.pages.run, name="pages", group="pages")

    def turn_to(self, source: ListSource[Row, Key] | None) -> None:
        """Show another list from its top; None: no list."""
        if source is None:
            self.pages.close()
        else:
            self.pages.open(source)
        self.cursor = 0
        self._aim = None
        self.scroll_to(y=0, animate=False)
        self.pages_changed()
        self._look()

    def pages_changed(self) -> None:
        """Draw everything: visible rows, the count or the problem have changed."""
        width = self.scrollable_content_region.width
        size = Size(width, self.pages.count + HEADER)
        if size != self.virtual_size:
            self.virtual_size = size
        self.cursor = max(0, min(self.cursor, self.pages.count - 1))
        self._go_on_aiming()
        self.refresh()
        self.entitle()

    def _go_on_aiming(self) -> None:
        aim = self._aim
        if aim is None or not self.pages.loaded:
            return
        number = aim if isinstance(aim, int) else int(aim * self.pages.count)
        known = number < self.pages.count and self.pages.counted
        if self.pages.exact or known:
            self._aim = None
            self.go_to(number)
        elif self.pages.counted:
            # A list counted to a limit grows when the cursor is at its end.
            self.go_to(self.pages.count - 1)

    def entitle(self) -> None:
        """Set the title and the bottom text of the frame; unchanged text costs nothing."""
        where = position(self.cursor, self.pages.count, exact=self.pages.exact)
        parts = self.remarks()
        if self.pages.problem and self.pages.count:
            parts = [safe_name(self.pages.problem), *parts]
        room = max(16, self.size.width - len(where) - 8)
        words = cut_middle(" · ".join(parts), room)
        self.name_frame(self.heading(), " · ".join(filter(None, (words, where))))

    def name_frame(self, title: str, foot: str) -> None:
        """Write title and foot into the frame; a table inside another frame overrides this."""
        self.put_titles(title, foot)

    def _look(self) -> None:
        first = self.scroll_offset.y
        self.pages.look(first, first + self._room - 1)

    @property
    def _room(self) -> int:
        """Rows that fit on the screen."""
        return max(1, self.scrollable_content_region.height - HEADER)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._look()

    def on_resize(self, event: Resize) -> None:
        """Draw again: another number of rows fits."""
        self.pages_changed()
        self.go_to(self.cursor)
        self._look()

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        if not self.pages.count:
            return self.draw(self._instead() if y == 0 else ())
        if y < HEADER:
            return self.draw(self.header(width))
        number = self.scroll_offset.y + y - HEADER
        if number >= self.pages.count:
            return self.draw(())
        row = self.pages.row(number)
        if row is not None:
            line = self.compose_row(row, width, number)
        else:
            line = gone_line() if self.pages.is_gone(number) else waiting_line()
        return self.draw(line, cursor=number == self.cursor and self.has_focus)

    def _instead(self) -> Line:
        if self.pages.problem:
            return ((safe_name(self.pages.problem), "bad"), (" Trying again…", "muted"))
        return self.empty()

    # Moving

    def go_to(self, number: int) -> None:
        """Put the cursor on a row and scroll it into view; out of range: the first or last row."""
        before, self.cursor = self.cursor, max(0, min(number, self.pages.count - 1))
        first, room = self.scroll_offset.y, self._room
        if self.cursor < first:
            self.scroll_to(y=self.cursor, animate=False)
        elif self.cursor >= first + room:
            self.scroll_to(y=self.cursor - room + 1, animate=False)
        if self.scroll_offset.y == first:
            for at in {before, self.cursor}:
                self.refresh_line(at + HEADER)
        self.entitle()

    def go_to_words(self, words: str) -> str:
        """Go to ``73%`` of the list or to row ``12,345``; returns a sentence if that is neither."""
        match = _POSITION.fullmatch(words.strip())
        if match is None or (match["percent"] and float(match["percent"]) > 100):
            return "Type a position such as 73% or 12,345."
        if match["percent"]:
            self._aim = float(match["percent"]) / 100
        else:
            self._aim = max(0, int(match["row"].replace(",", "")) - 1)
        self._go_on_aiming()
        return ""

    def aim(self, number: int) -> None:
        """Go to a row as soon as the list is that long; after the last row, to that."""
        self._aim = number
        self._go_on_aiming()

    def action_move(self, by: int) -> None:
        """Move the cursor some rows up or down."""
        self._aim = None
        self.go_to(self.cursor + by)

    def action_page(self, by: int) -> None:
        """Move the rows and the cursor up or down by pages."""
        self._aim = None
        self.scroll_to(y=self.scroll_offset.y + by * self._room, animate=False)
        self.go_to(self.cursor + by * self._room)

    def action_top(self) -> None:
        """Go to the first row."""
        self._aim = None
        self.go_to(0)

    def action_bottom(self) -> None:
        """Go to the last row; if the end is not counted yet, as soon as it is."""
        self._aim = _END
        self.go_to(self.pages.count - 1)
        self._go_on_aiming()

    def on_click(self, event: Click) -> None:
        """Put the cursor on the row under the pointer; on the header, see `on_head`."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        if offset.y >= HEADER:
            self.action_move(self.scroll_offset.y + offset.y - HEADER - self.cursor)
        elif self.pages.count:
            self.on_head(offset.x, self.scrollable_content_region.width)
