"""A scrolling pane of inked lines that redraws only the lines that changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.style import Style
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Resize
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from usenetsync_tui.model.status import EngineStatus
from usenetsync_tui.tui.inks import INKS, Ink, Line, to_strip


class InkedView(ScrollView, inherit_bindings=False):
    """What all panes share: the inks as component styles, and titles that are never markup."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {*(f"ink--{ink}" for ink in INKS), "ink--cursor"}
    ALLOW_SELECT = False

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._inks: dict[Ink, Style] = {}
        self._titles = ("", "")

    def notify_style_update(self) -> None:
        """Forget the styles: the theme, or the focus, changed."""
        super().notify_style_update()
        self._inks = {}

    def title(self, title: str, subtitle: str = "") -> None:
        """Name the frame; unchanged words cost nothing."""
        if (title, subtitle) == self._titles:
            return
        self._titles = (title, subtitle)
        self.border_title = Content(title) if title else None
        self.border_subtitle = Content(subtitle) if subtitle else None

    def draw(self, line: Line, *, cursor: bool = False) -> Strip:
        """One line across the pane."""
        if not self._inks:
            self._inks = {
                ink: self.get_component_rich_style(f"ink--{ink}", partial=True) for ink in INKS
            }
        base = self.rich_style
        if cursor:
            base += self.get_component_rich_style("ink--cursor", partial=True)
        return to_strip(line, self.scrollable_content_region.width, self._inks, base)


class LinesView(InkedView):
    """A pane whose lines a pure function makes of a status and a width."""

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

    def show(self, status: EngineStatus) -> None:
        """Draw this status."""
        self._status = status
        self.recompose_lines()

    def recompose_lines(self) -> None:
        """Compose the lines again and redraw those that are not what they were."""
        region = self.scrollable_content_region
        if self._status is None or not region.width:
            return
        old, new = self._lines, self._compose_lines(self._status, region.width, region.height)
        self._lines = new
        if len(old) != len(new):
            self.virtual_size = Size(region.width, len(new))
            self.refresh()
            return
        for number, (before, after) in enumerate(zip(old, new, strict=True)):
            if before != after:
                self.refresh_line(number)

    def on_resize(self, event: Resize) -> None:
        """Lines are made for a width."""
        self.recompose_lines()
        self.virtual_size = Size(self.scrollable_content_region.width, len(self._lines))

    def render_line(self, y: int) -> Strip:
        number = y + self.scroll_offset.y
        return self.draw(self._lines[number] if number < len(self._lines) else ())
