"""Titles of a frame that are redrawn without what the frame holds.

Stands after the class it adds to: Textual looks for style classes along the first bases.
Textual redraws, and sends, a whole widget when its border's title is set. The position in a
list changes with every key: only the line it stands in is to be sent.
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
    """While a title is set: the line it stands in, all that is redrawn."""

    def put_titles(self, title: str, foot: str) -> None:
        """Name the frame and say something at its foot; unchanged words cost nothing."""
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
        """Redraw regions, or all of it; of a title only its line."""
        if self._title_line is not None:
            regions = (self._title_line,)
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)
