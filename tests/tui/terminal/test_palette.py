"""Themes on a terminal of 256 colours: the nearest colours, and text that stays readable."""

from __future__ import annotations

import pytest
from rich.color import Color, ColorType
from rich.segment import Segment
from rich.style import Style
from textual.color import Color as Background
from textual.theme import BUILTIN_THEMES, Theme

from usenetsync_tui.tui.terminal.palette import (
    PALETTE,
    READABLE,
    PaletteColors,
    Rgb,
    contrast,
    ink_on,
    nearest,
    shade,
)
from usenetsync_tui.tui.themes import DARK, LIGHT

THEMES = [DARK, LIGHT, *(t for t in BUILTIN_THEMES.values() if not t.name.startswith("ansi"))]
INKS = ("foreground", "primary", "accent", "success", "warning", "error")
PAPERS = ("background", "surface", "panel")


def rgb(color: str) -> Rgb:
    return Background.parse(color).rgb


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_text_is_as_readable_as_the_theme_means_it(theme: Theme) -> None:
    colors = theme.to_color_system().generate()
    for paper in (rgb(colors[name]) for name in PAPERS):
        for name in INKS:
            ink = rgb(colors[name])
            drawn = contrast(shade(ink_on(ink, paper)), shade(nearest(paper)))
            assert drawn >= min(READABLE, 0.9 * contrast(ink, paper)), (name, ink, paper)


def test_the_blueish_black_of_nord_does_not_become_teal() -> None:
    colors = BUILTIN_THEMES["nord"].to_color_system().generate()
    for name in PAPERS:
        meant, drawn = rgb(colors[name]), shade(nearest(rgb(colors[name])))
        assert max(abs(a - b) for a, b in zip(meant, drawn, strict=True)) <= 24, name


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)
def test_our_themes_are_shown_as_they_are(theme: Theme) -> None:
    values = [theme.primary, theme.foreground, theme.background, *theme.variables.values()]
    for value in values:
        if value and value.startswith("#"):
            assert shade(nearest(rgb(value))) == rgb(value)
    assert len(set(PALETTE)) > 230


def test_a_line_is_drawn_in_numbers_of_the_palette() -> None:
    style = Style(color="#d8dee9", bgcolor="#2e3440", bold=True)
    default = Style(color="default")
    drawn = PaletteColors().apply(
        [Segment("a", style), Segment("b"), Segment("c", default)], Background(46, 52, 64)
    )
    assert [segment.text for segment in drawn] == ["a", "b", "c"]
    inked = drawn[0].style
    assert inked is not None and inked.bold
    for color in (inked.color, inked.bgcolor):
        assert isinstance(color, Color) and color.type is ColorType.EIGHT_BIT
    assert drawn[2].style == default
