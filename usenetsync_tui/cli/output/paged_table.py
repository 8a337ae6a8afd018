"""A table that is printed page by page, since a list may have millions of rows."""

from __future__ import annotations

from collections.abc import Sequence

from usenetsync_tui.cli.output import voices
from usenetsync_tui.cli.output.table import Column, fitted, line, table, terminal_width


class PrintedPages:
    """A table with one head, whose columns never shrink from page to page."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._columns = columns
        self._widths: list[int] | None = None

    def add(self, rows: Sequence[Sequence[str]]) -> None:
        """Print more rows."""
        if not rows:
            return
        width = terminal_width()
        widths = fitted(self._columns, rows, width)
        if widths is None:  # too narrow for columns
            voices.say("\n".join(table(self._columns, rows, width)))
            return
        if self._widths is None:
            voices.say(line(self._columns, [column.head for column in self._columns], widths))
        else:
            grown = [max(pair) for pair in zip(widths[:-1], self._widths[:-1], strict=True)]
            more = sum(grown) - sum(widths[:-1])
            widths = [*grown, widths[-1] - more if width is not None else widths[-1]]
        self._widths = widths
        for row in rows:
            voices.say(line(self._columns, row, widths))
