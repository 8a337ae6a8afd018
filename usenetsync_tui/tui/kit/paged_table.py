"""A list of any length under one header line: only the rows on the screen are in hand.

Knows pages, a cursor and how to move it; refuses to know what a row is: subclasses word it.
Nothing here waits: a row that is not here yet is drawn as such.
"""

from __future__ import annotations

import re
from typing import ClassVar, Generic

from textual.binding import Binding, BindingType
from textual.events import Click, Resize
from textual.geometry import Size
from textual.strip import Strip

from usenetsync_tui.cells import cut_middle
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.tui.kit.inks import Line
from usenetsync_tui.tui.kit.lines_view import InkedView
from usenetsync_tui.tui.kit.list_lines import gone_line, position, waiting_line
from usenetsync_tui.tui.kit.list_pages import ListPages
from usenetsync_tui.tui.kit.list_source import Key, ListSource, Row
from usenetsync_tui.tui.kit.slim_titles import SlimTitles

HEADER = 1
"""Lines above the rows, which do not scroll."""
_END = 1.0
_PLACE = re.compile(r"(?P<percent>\d{1,3}(?:\.\d{1,6})?)%|(?P<row>\d[\d,]{0,24})")


class PagedTable(InkedView, SlimTitles, Generic[Row, Key]):
    """Rows of a `ListSource`, one chosen by the cursor."""

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
        """Where to go once the list is long enough: a share of it, or a row."""
        self.cursor = 0
        """The row the cursor is on, from 0."""

    # What a subclass words

    def header(self, width: int) -> Line:
        """The names of the columns."""
        raise NotImplementedError

    def compose_row(self, row: Row, width: int, number: int) -> Line:
        """One row in at most `width` cells."""
        raise NotImplementedError

    def empty(self) -> Line:
        """What stands there instead of rows."""
        raise NotImplementedError

    def heading(self) -> str:
        """The title of the frame."""
        return ""

    def remarks(self) -> list[str]:
        """What the frame's foot tells before the position."""
        return []

    # The list

    @property
    def row_count(self) -> int:
        """Rows known to be there."""
        return self.pages.count

    @property
    def cursor_row(self) -> Row | None:
        """The row the cursor is on, if it is here."""
        return self.pages.row(self.cursor)

    def on_mount(self) -> None:
        """Start the fetcher."""
        self.run_worker(self.pages.run(), name="pages", group="pages")

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
        """Rows in sight, the count or the problem are other ones: draw all of it."""
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
            # A list counted to a limit grows when its end is looked at.
            self.go_to(self.pages.count - 1)

    def entitle(self) -> None:
        """Word the frame again; unchanged words cost nothing."""
        where = position(self.cursor, self.pages.count, exact=self.pages.exact)
        parts = self.remarks()
        if self.pages.problem and self.pages.count:
            parts = [safe_name(self.pages.problem), *parts]
        room = max(16, self.size.width - len(where) - 8)
        words = cut_middle(" · ".join(parts), room)
        self.name_frame(self.heading(), " · ".join(filter(None, (words, where))))

    def name_frame(self, title: str, foot: str) -> None:
        """Put words into the frame."""
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
        """More rows may be on the screen."""
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
        """Put the cursor on a row, in sight. Rows outside the list become its ends."""
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
        """Go to ``73%`` of the list or to row ``12,345``; a sentence if that is no place."""
        match = _PLACE.fullmatch(words.strip())
        if match is None or (match["percent"] and float(match["percent"]) > 100):
            return "Say where to go like 73% or 12,345."
        if match["percent"]:
            self._aim = float(match["percent"]) / 100
        else:
            self._aim = max(0, int(match["row"].replace(",", "")) - 1)
        self._go_on_aiming()
        return ""

    def action_move(self, by: int) -> None:
        """Some rows up or down."""
        self._aim = None
        self.go_to(self.cursor + by)

    def action_page(self, by: int) -> None:
        """Pages up or down: the picture moves with the cursor."""
        self._aim = None
        self.scroll_to(y=self.scroll_offset.y + by * self._room, animate=False)
        self.go_to(self.cursor + by * self._room)

    def action_top(self) -> None:
        """The first row."""
        self._aim = None
        self.go_to(0)

    def action_bottom(self) -> None:
        """The last row; if the list's end is not known yet, as soon as it is."""
        self._aim = _END
        self.go_to(self.pages.count - 1)
        self._go_on_aiming()

    def on_click(self, event: Click) -> None:
        """Put the cursor on the row under the pointer."""
        offset = event.get_content_offset(self)
        if offset is not None and offset.y >= HEADER:
            self.action_move(self.scroll_offset.y + offset.y - HEADER - self.cursor)
