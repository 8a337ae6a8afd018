"""`slim` output draws the same in fewer bytes: compared by the terminal model `pyte`."""

from __future__ import annotations

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.style import Style

from usenetsync_tui.tui.terminal.pen import slim

COLUMNS, ROWS = 40, 6
COLORS = ["#123456", "#fedcba", "color(200)", "red", "bright_blue", "default", None]

styles = st.builds(
    Style,
    color=st.sampled_from(COLORS),
    bgcolor=st.sampled_from(COLORS),
    bold=st.booleans(),
    italic=st.booleans(),
    underline=st.booleans(),
    reverse=st.booleans(),
    strike=st.booleans(),
)
runs = st.tuples(styles, st.text("ab  │▁", min_size=1, max_size=6))
rows = st.tuples(
    st.integers(1, ROWS - 1), st.integers(1, COLUMNS - 24), st.lists(runs, min_size=1, max_size=4)
)


def written(rows: list[tuple[int, int, list[tuple[Style, str]]]], system: ColorSystem) -> str:
    """Rows as Textual's compositor writes them."""
    out = []
    for line, column, runs in rows:
        drawn = "".join(style.render(text, color_system=system) for style, text in runs)
        out.append(f"\x1b[{line};{column}H{drawn}")
    return "\n".join(out)


def picture(text: str) -> list[list[tuple[object, ...]]]:
    """Every cell; the ink of an empty one does not count."""
    screen = pyte.Screen(COLUMNS, ROWS)
    pyte.Stream(screen).feed(text + "!")
    return [[_seen(screen.buffer[y][x]) for x in range(COLUMNS)] for y in range(ROWS)]


def _seen(cell: pyte.screens.Char) -> tuple[object, ...]:
    lined = cell.underscore or cell.reverse or cell.strikethrough
    if cell.data == " " and not lined:
        return (" ", cell.bg)
    return tuple(cell)


@given(
    st.lists(rows, max_size=5),
    st.sampled_from([ColorSystem.STANDARD, ColorSystem.EIGHT_BIT, ColorSystem.TRUECOLOR]),
)
def test_slim_output_draws_the_same(
    rows: list[tuple[int, int, list[tuple[Style, str]]]], system: ColorSystem
) -> None:
    text = written(rows, system)
    assert picture(slim(text)) == picture(text)
    assert len(slim(text)) <= len(text)


@pytest.mark.parametrize(
    ("text", "slimmed"),
    [
        ("", ""),
        ("plain", "plain"),
        ("\x1b[38;2;1;2;3;48;2;9;9;9mab\x1b[0m\x1b[38;2;4;4;4;48;2;9;9;9mcd\x1b[0m",
         "\x1b[38;2;1;2;3;48;2;9;9;9mab\x1b[38;2;4;4;4mcd\x1b[0m"),
        ("\x1b[1;31ma\x1b[0m\x1b[31mb\x1b[0m", "\x1b[1;31ma\x1b[0;31mb\x1b[0m"),
        ("\x1b[31ma\x1b[0m\x1b[32m  \x1b[0m\x1b[31mb\x1b[0m", "\x1b[31ma  b\x1b[0m"),
        ("\x1b[31ma\x1b[0m\x1b[4m  \x1b[0m", "\x1b[31ma\x1b[4;39m  \x1b[0m"),
        ("\x1b[1;1H\x1b[31ma\x1b[0m\n\x1b[2;1H\x1b[31mb\x1b[0m",
         "\x1b[1;1H\x1b[31ma\x1b[2;1Hb\x1b[0m"),
        ("\x1b[2;3H\x1b[0m\x1b[4;5Ha\x1b[1;1H", "\x1b[4;5Ha\x1b[1;1H"),
        ("\x1b[31ma\x1b[0m\x1b[2Kb", "\x1b[31ma\x1b[0m\x1b[2Kb"),
        ("\x1b[?2026h\x1b[31ma\x1b[0m\x1b[?2026l", "\x1b[?2026h\x1b[31ma\x1b[0m\x1b[?2026l"),
    ],
)  # fmt: skip
def test_of_colors_only_changes_are_sent(text: str, slimmed: str) -> None:
    assert slim(text) == slimmed
