"""Titles of a frame that redraw without the content of the frame.

Textual redraws, and sends, a whole widget when its border's title is set. The position in a list
changes with every key, so only the line of the title must be sent. List this class after the
widget's own base: Textual looks up style classes along the first bases.
"""

from __future__ import annotations

from typing import Self

from textual.content import Content
from textual.geometry import Region
from textual.widget import Widget


class SlimTitles(Widget):
    """A widget with a border whose titles are plain words, never markup."""

    _titles_now = ("", "")
    _title_line: Region | None = None
    """While a title is being set: its line, the only part to redraw."""

    def put_titles(self, title: str, foot: str) -> None:
        """Set the frame's title and the text at its bottom; unchanged text costs nothing."""
        before, self._titles_now = self._titles_now, (title, foot)
        size, offset = self.outer_size, self.content_offset
        if title != before[0]:
            self._title_line = Region(-offset.x, -offset.y, size.width, 1)
            self.border_title = Content(title) if title else None
        if foot != before[1]:
            self._title_line = Region(-offset.x, size.height - 1 - offset.y, size.width, 1)
            self.border_subtitle = Content(foot) if foot else None
        self._title_line = None

    def refresh(
        self,
        *regions: Region,
        repaint: bool = True,
        layout: bool = False,
        recompose: bool = False,
    ) -> Self:
        """Redraw regions, or everything; while a title is being set, only its line."""
        if self._title_line is not None:
            regions = (self._title_line,)
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)
