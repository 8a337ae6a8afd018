"""The colours of a theme on a terminal of 256 colours.

Knows the palette of xterm from number 16 on; what is before it, users change. Takes the nearest
colour as the eye sees it (rich takes one of the cube as soon as a colour is not quite grey, so a
blueish black becomes teal), and keeps text readable: an ink whose contrast to its paper would sink
below what the theme meant, and below that of WCAG 2.1 for text, becomes lighter or darker.
Refuses to know which colours a theme has.
"""

from __future__ import annotations

from functools import lru_cache

from rich.color import Color, ColorType
from rich.segment import Segment
from rich.style import Style
from textual.color import Color as Background
from textual.filter import LineFilter

Rgb = tuple[int, int, int]

READABLE = 4.5
"""The contrast of text to what is behind it (WCAG 2.1, success criterion 1.4.3)."""
_KEPT = 0.9
"""The part of a lower contrast that text keeps: greys are ten steps apart, so less would cost it
its hue."""
_STEPS = 12
"""From an ink to black or white."""
_FIRST = 16
_CUBE = (0, 95, 135, 175, 215, 255)
PALETTE: tuple[Rgb, ...] = (
    *((red, green, blue) for red in _CUBE for green in _CUBE for blue in _CUBE),
    *((8 + 10 * step,) * 3 for step in range(24)),
)
"""The colours 16 to 255: a cube, and greys."""


class PaletteColors(LineFilter):
    """Replaces the colours of every line by those of the palette."""

    def apply(self, segments: list[Segment], background: Background) -> list[Segment]:
        """Return the segments in colours of the palette."""
        behind = background.rgb
        return [
            segment
            if segment.style is None
            else Segment(segment.text, _drawn(segment.style, behind), segment.control)
            for segment in segments
        ]


@lru_cache(maxsize=4096)
def _drawn(style: Style, behind: Rgb) -> Style:
    ink, paper = _rgb(style.color), _rgb(style.bgcolor)
    if ink is None and paper is None:
        return style
    under = behind if paper is None else paper
    color = None if ink is None else _color(ink_on(ink, under))
    return style + Style(color=color, bgcolor=None if paper is None else _color(nearest(paper)))


def _rgb(color: Color | None) -> Rgb | None:
    """The colour, if it is not one of the terminal's own."""
    if color is None or color.type is not ColorType.TRUECOLOR or color.triplet is None:
        return None
    red, green, blue = color.triplet
    return red, green, blue


@lru_cache(maxsize=1024)
def _color(number: int) -> Color:
    return Color.from_ansi(number)


@lru_cache(maxsize=4096)
def ink_on(ink: Rgb, paper: Rgb) -> int:
    """The number of the colour for text in `ink` over the nearest colour to `paper`."""
    drawn = shade(nearest(paper))
    least = min(READABLE, _KEPT * contrast(ink, paper))
    plain = nearest(ink)
    if contrast(shade(plain), drawn) >= least:
        return plain
    end = max((0, 0, 0), (255, 255, 255), key=lambda edge: contrast(edge, drawn))
    for step in range(1, _STEPS):
        number = nearest(_mixed(ink, end, step / _STEPS))
        if contrast(shade(number), drawn) >= least:
            return number
    return nearest(end)


def _mixed(one: Rgb, other: Rgb, part: float) -> Rgb:
    red, green, blue = (round(x + (y - x) * part) for x, y in zip(one, other, strict=True))
    return red, green, blue


@lru_cache(maxsize=4096)
def nearest(color: Rgb) -> int:
    """The number of the palette's colour that looks most like it."""
    return _FIRST + min(range(len(PALETTE)), key=lambda at: _distance(PALETTE[at], color))


def shade(number: int) -> Rgb:
    """The colour of a number from 16 on."""
    return PALETTE[number - _FIRST]


def contrast(one: Rgb, other: Rgb) -> float:
    """1 to 21 (WCAG 2.1, "contrast ratio")."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: Rgb) -> float:
    """0 to 1 (WCAG 2.1, "relative luminance")."""
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (channel / 255 for channel in color)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _distance(one: Rgb, other: Rgb) -> float:
    """How different two colours look (Riemersma's "redmean", squared)."""
    red = (one[0] + other[0]) / 2
    r, g, b = ((x - y) ** 2 for x, y in zip(one, other, strict=True))
    return (2 + red / 256) * r + 4 * g + (2 + (255 - red) / 256) * b
