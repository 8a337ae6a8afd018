"""A pane of items, one of them chosen: the base of the panes of folders, errors and servers.

Knows keys, pointer and scrolling. Refuses to know what an item says: a function composes that.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Hashable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Click
from textual.geometry import Region
from textual.strip import Strip

from usenetsync_tui.model.status.engine import EngineStatus
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.tui.kit.inks import Line, Span
from usenetsync_tui.tui.kit.lines_view import LinesView
from usenetsync_tui.tui.kit.list_lines import MARK, mark

_FAR = 1_000_000
_NO_MARK: Span = (" " * MARK, "plain")


@value_object
class Item:
    """Lines that the user chooses together."""

    key: Hashable
    """Identifies the item from one status to the next; None: it cannot be chosen."""
    lines: tuple[Line, ...]
    marked: bool = False


class ChoosingView(LinesView, inherit_bindings=False):
    """Shows the items of a pure function; keys and clicks choose among those with a key."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "choose(-1)", "up", show=False, id="choice.up"),
        Binding("down,j", "choose(1)", "down", show=False, id="choice.down"),
        Binding("pageup", "choose_page(-1)", "a page up", show=False, id="choice.page_up"),
        Binding("pagedown", "choose_page(1)", "a page down", show=False, id="choice.page_down"),
        Binding("home,g", f"choose({-_FAR})", "to the top", show=False, id="choice.home"),
        Binding("end,G", f"choose({_FAR})", "to the end", show=False, id="choice.end"),
    ]

    def __init__(
        self, compose_items: Callable[[EngineStatus, int, int], Sequence[Item]], *, id: str
    ) -> None:
        """`compose_items` gets the status, the width without the mark, and the height, in cells."""
        super().__init__(self._compose_marked, id=id)
        self._compose_items = compose_items
        self._items: list[tuple[Item, int]] = []
        """The items that can be chosen, each with the number of its first line."""
        self._key: Hashable = None
        self._chosen_line = -1

    @property
    def chosen_key(self) -> Hashable:
        """The key of the chosen item; None when there is none."""
        return self._key

    def first_choice(self, keys: Sequence[Hashable]) -> Hashable:
        """The key that is chosen until the user chooses."""
        return keys[0]

    def on_choice(self) -> None:
        """React to another chosen item, or to none. Subclasses override this."""

    def _compose_marked(self, status: EngineStatus, width: int, height: int) -> list[Line]:
        items = self._compose_items(status, max(1, width - MARK), height)
        self.keep_choice([item.key for item in items if item.key is not None])
        self._items = []
        self._chosen_line = -1
        lines: list[Line] = []
        for item in items:
            chosen = item.key == self._key is not None
            if item.key is not None:
                self._items.append((item, len(lines)))
            if chosen:
                self._chosen_line = len(lines)
            for number, line in enumerate(item.lines):
                first = number == 0 and (chosen or item.marked)
                lines.append((_mark(chosen, item.marked) if first else _NO_MARK, *line))
        return lines

    def recompose_lines(self) -> None:
        """Compose the lines again; redraw the lines that gained or lost the cursor in full."""
        before = self._chosen_line
        super().recompose_lines()
        if before != self._chosen_line:
            for number in (before, self._chosen_line):
                self.refresh_line(number)

    def keep_choice(self, keys: Sequence[Hashable]) -> None:
        """Choose another item if the chosen one is not among these."""
        if self._key in keys:
            return
        if not keys:
            self._set_choice(None)
        elif self._key is None:
            self._set_choice(self.first_choice(keys))
        else:  # The chosen item is gone: choose the one that took its place.
            self._set_choice(keys[min(self._index(), len(keys) - 1)])

    def _set_choice(self, key: Hashable) -> None:
        if key != self._key:
            self._key = key
            self.on_choice()

    def _index(self) -> int:
        return next((n for n, (item, _) in enumerate(self._items) if item.key == self._key), 0)

    def render_line(self, y: int) -> Strip:
        number = y + self.scroll_offset.y
        return self.draw(self.line_at(number), cursor=number == self._chosen_line)

    def on_click(self, event: Click) -> None:
        """Choose the item under the pointer."""
        offset = event.get_content_offset(self)
        if offset is not None and self._items:
            line = offset.y + self.scroll_offset.y
            self.go_to(bisect_right([begin for _, begin in self._items], line) - 1)

    def action_choose(self, by: int) -> None:
        """Move the choice up or down."""
        if not self._scrolled_within(by, abs(by)):
            self.go_to(self._index() + by)

    def action_choose_page(self, direction: int) -> None:
        """Move the choice by one page, at least by one item."""
        page = max(1, self.scrollable_content_region.height - 1)
        if not self._items or self._scrolled_within(direction, page):
            return
        at = self._index()
        line = self._items[at][1] + direction * page
        to = bisect_right([begin for _, begin in self._items], line) - 1
        self.go_to(max(to, at + 1) if direction > 0 else min(to, at - 1))

    def _scrolled_within(self, direction: int, lines: int) -> bool:
        """Scroll inside a chosen item that is higher than the pane; False: there is no more."""
        at, height = self._index(), self.scrollable_content_region.height
        if lines >= _FAR or at >= len(self._items):
            return False
        item, begin = self._items[at]
        top, end = self.scroll_offset.y, begin + len(item.lines)
        if len(item.lines) <= height or not begin <= top + height <= end + height:
            return False
        more = end - (top + height) if direction > 0 else top - begin
        if more <= 0:
            return False
        step = min(lines, more)
        self.scroll_to(y=top + (step if direction > 0 else -step), animate=False, force=True)
        return True

    def go_to(self, number: int) -> None:
        """Choose an item by its number; a number out of range chooses the nearest item."""
        if not self._items:
            return
        number = min(len(self._items) - 1, max(0, number))
        self._set_choice(self._items[number][0].key)
        self.recompose_lines()
        self.scroll_to_choice()

    def choose_key(self, key: Hashable) -> None:
        """Choose the item with this key, if there is one."""
        self.recompose_lines()
        number = next((n for n, (item, _) in enumerate(self._items) if item.key == key), None)
        if number is not None:
            self.go_to(number)

    def scroll_to_choice(self) -> None:
        """Scroll the chosen item into view; for the first item, to the top of the pane."""
        at = self._index()
        if at >= len(self._items):
            return
        item, begin = self._items[at]
        top = 0 if at == 0 else begin
        region = Region(0, top, 1, begin + max(1, len(item.lines)) - top)
        self.scroll_to_region(region, animate=False, force=True)


def _mark(chosen: bool, marked: bool) -> Span:
    """The mark as one span: two spans of one style take more bytes."""
    return "".join(text for text, _ in mark(cursor=chosen, marked=marked)), "accent"
