"""A scrolling pane of lines that redraws only the lines that changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.style import Style
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Resize
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from usenetsync_tui.model.status.engine import EngineStatus
from usenetsync_tui.tui.kit.action import ActionHost
from usenetsync_tui.tui.kit.inks import INKS, Ink, Line, to_strip, width_of


class InkedView(ActionHost, ScrollView, inherit_bindings=False):
    """The base of all panes: actions, inks as component styles, and titles without markup."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {*(f"ink--{ink}" for ink in INKS), "ink--cursor"}
    ALLOW_SELECT = False
    EVERY: ClassVar[int] = 1
    """Draw one of this many statuses, where figures change faster than a user can read them."""
    TURN: ClassVar[int] = 0
    """Which of them to draw: panes with different turns redraw in different quarter seconds."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._statuses = 0
        self._inks: dict[Ink, Style] = {}
        self._titles = ("", "")

    def notify_style_update(self) -> None:
        """Forget the styles: the theme, or the focus, changed."""
        super().notify_style_update()
        self._inks = {}

    def title(self, title: str, subtitle: str | None = None) -> None:
        """Set the title, and the subtitle unless it is None; unchanged text costs nothing."""
        if title != self._titles[0]:
            self._titles = (title, self._titles[1])
            self.border_title = Content(title) if title else None
        if subtitle is not None:
            self.subtitle(subtitle)

    def subtitle(self, subtitle: str) -> None:
        """Set the text at the bottom of the frame."""
        if subtitle != self._titles[1]:
            self._titles = (self._titles[0], subtitle)
            self.border_subtitle = Content(subtitle) if subtitle else None

    def takes_turn(self) -> bool:
        """Whether to draw this status; call it once for each status."""
        self._statuses += 1
        return self._statuses % self.EVERY == self.TURN

    @property
    def is_displayed(self) -> bool:
        """Whether neither the pane nor any of its ancestors is hidden."""
        return all(node.display for node in self.ancestors_with_self if isinstance(node, Widget))

    @property
    def is_looked_at(self) -> bool:
        """Whether it is displayed, and no other screen covers it."""
        return self.is_displayed and self.is_attached and self.app.screen is self.screen

    def draw(self, line: Line, *, cursor: bool = False) -> Strip:
        """One line across the pane."""
        if not self._inks:
            self._inks = {
                ink: self.get_component_rich_style(f"ink--{ink}", partial=True) for ink in INKS
            }
        base = self.rich_style
        if cursor and self.app.native_ansi_color:
            # The row is drawn in reverse: each ink would give it another background.
            line = (("".join(text for text, _ in line), "plain"),)
        if cursor:
            base += self.get_component_rich_style("ink--cursor", partial=True)
        return to_strip(line, self.scrollable_content_region.width, self._inks, base)


def page_keys(form: str, words: str, action: str = "scroll") -> list[BindingType]:
    """The keys of a form that scroll the view below it, whichever field has the focus."""
    down, up = f"{action}(1)", f"{action}(-1)"
    return [
        Binding("pageup", up, words, show=False, priority=True, id=f"{form}.up"),
        Binding("pagedown", down, words, show=False, priority=True, id=f"{form}.down"),
    ]


class LinesView(InkedView):
    """A pane whose lines a pure function makes from a status, a width and a height."""

    HELP = "Scroll with the arrow keys. `?` closes this help."
    BINDING_GROUP_TITLE = "This pane"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_up", "up", show=False, id="lines.up"),
        Binding("down,j", "scroll_down", "down", show=False, id="lines.down"),
        Binding("pageup", "page_up", "a page up", show=False, id="lines.page_up"),
        Binding("pagedown", "page_down", "a page down", show=False, id="lines.page_down"),
        Binding("home,g", "scroll_home", "to the top", show=False, id="lines.home"),
        Binding("end,G", "scroll_end", "to the end", show=False, id="lines.end"),
    ]

    def __init__(
        self, compose_lines: Callable[[EngineStatus, int, int], Sequence[Line]], *, id: str
    ) -> None:
        """`compose_lines` gets the status, the width and the height in cells."""
        super().__init__(id=id)
        self._compose_lines = compose_lines
        self._status: EngineStatus | None = None
        self._lines: Sequence[Line] = ()

    @property
    def is_read_only(self) -> bool:
        """Whether the engine takes no commands that change something."""
        return self._status is not None and self._status.read_only

    def show(self, status: EngineStatus) -> None:
        """Draw this status if it is its turn; a hidden pane only remembers it."""
        self._status = status
        if self.takes_turn() and self.is_displayed:
            self.recompose_lines()

    def recompose_lines(self) -> None:
        """Compose the lines again and redraw those that changed."""
        region = self.scrollable_content_region
        if self._status is None or not region.width:
            return
        old, new = self._lines, self._compose_lines(self._status, region.width, region.height)
        if old is new:
            return
        self._lines = new
        if len(old) != len(new):
            self.virtual_size = Size(region.width, len(new))
        top = self.scroll_offset.y
        for number in range(top, min(top + region.height, max(len(old), len(new)))):
            cells = redrawn(_line(old, number), _line(new, number))
            if cells:
                self.refresh(Region(0, number - top, min(cells, region.width), 1))

    def on_show(self) -> None:
        """Draw the status that came while the pane was hidden."""
        self.recompose_lines()

    def on_resize(self, event: Resize) -> None:
        """Compose the lines for the new width."""
        self.recompose_lines()
        self.virtual_size = Size(self.scrollable_content_region.width, len(self._lines))

    def render_line(self, y: int) -> Strip:
        return self.draw(self.line_at(y + self.scroll_offset.y))

    def line_at(self, number: int) -> Line:
        """A line by its number; an empty one after the last."""
        return _line(self._lines, number)


def _line(lines: Sequence[Line], number: int) -> Line:
    return lines[number] if number < len(lines) else ()


def redrawn(before: Line, after: Line) -> int:
    """Cells from the left edge that must be redrawn to turn one line into the other.

    Textual sends a changed region from the widget's left edge on (its `ChopsUpdate`), so only an
    equal right end can be left out.
    """
    if before == after:
        return 0
    width = width_of(after)
    if width_of(before) != width:
        return max(width, width_of(before))
    spans = len(after)
    while spans and len(before) - len(after) + spans > 0:
        if before[len(before) - len(after) + spans - 1] != after[spans - 1]:
            break
        spans -= 1
    return width_of(after[:spans])
