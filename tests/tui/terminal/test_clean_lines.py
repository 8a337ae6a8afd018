"""The last layer before the terminal."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.segment import Segment
from textual.color import Color
from tui_demo import HOSTILE

from usenetsync_tui.tui.terminal import clean_lines
from usenetsync_tui.tui.terminal.clean_lines import CleanLines

BLACK = Color(0, 0, 0)


def cleaned(text: str, *, ascii_only: bool = False) -> str:
    (segment,) = CleanLines(ascii_only=ascii_only).apply([Segment(text)], BLACK)
    return segment.text


@pytest.mark.parametrize("name", HOSTILE)
def test_no_control_character_passes(name: bytes) -> None:
    text = cleaned(name.decode("utf-8", "surrogateescape"))
    text.encode()
    for char in text:
        assert char >= " "
        assert not "\x7f" <= char <= "\x9f"
        assert char not in "\u202e\u2066\u200b\ufeff"


def test_a_clean_segment_is_returned_unchanged() -> None:
    segments = [Segment("plain"), Segment("写真 ✓ ▁█")]
    assert all(a is b for a, b in zip(CleanLines().apply(segments, BLACK), segments, strict=True))


def test_ascii_redraws_and_keeps_the_width() -> None:
    assert cleaned("✓ done ━━╸── │ ▁█ 写 é", ascii_only=True) == "+ done ===-- | _# ?? ?"


def test_every_glyph_of_ours_has_a_letter_of_its_own_in_ascii() -> None:
    sources = Path(clean_lines.__file__).parents[1].rglob("*.py")
    glyphs = {char for source in sources for char in source.read_text() if not char.isascii()}
    in_prose = set("↔")
    for glyph in glyphs - in_prose:
        drawn = cleaned(glyph, ascii_only=True)
        assert drawn.isascii()
        assert drawn != "?" or glyph == "\ufffd", glyph
