"""The last layer before the terminal: no drawn text can control it.

`safe_name` makes names harmless where they enter the screen; this filter sees every line of every
widget and replaces each dangerous character that is left by one cell. On a terminal whose encoding
is not UTF-8 it also replaces glyphs, borders and bars by ASCII, so no widget needs a second set.
"""

from __future__ import annotations

import re

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from usenetsync_tui.model.text.ascii_signs import ASCII

_ACTING = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ud800-\udfff\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
)


class CleanLines(LineFilter):
    """Replaces control, bidi, zero-width and surrogate code points in every line."""

    def __init__(self, *, ascii_only: bool = False) -> None:
        super().__init__()
        self._ascii_only = ascii_only

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments with harmless text; clean segments are returned unchanged."""
        return [self._clean(segment) for segment in segments]

    def _clean(self, segment: Segment) -> Segment:
        text, style, control = segment
        if control is not None or (text.isascii() and text.isprintable()):
            return segment
        clean = _ACTING.sub("\ufffd", text)
        if self._ascii_only:
            clean = "".join(map(_to_ascii, clean.translate(ASCII)))
        return segment if clean == text else Segment(clean, style)


def _to_ascii(char: str) -> str:
    return char if char.isascii() else "?" * cell_len(char)
