"""Style sheets are parsed again when a variable changes, and only then."""

from __future__ import annotations

import pytest
from textual.css.stylesheet import StylesheetParseError

from usenetsync_tui.tui.terminal.parsed_styles import ParsedStyles

_RED, _BLUE = {"ink": "#ff0000"}, {"ink": "#0000ff"}


def _styles() -> ParsedStyles:
    styles = ParsedStyles(variables=dict(_RED))
    styles.add_source("Label { color: $ink; }", read_from=("first.tcss", ""))
    styles.reparse()
    return styles


def _colors(styles: ParsedStyles) -> list[str]:
    return [rule.styles.color.hex for rule in styles.rules]


def test_the_same_variables_parse_nothing_again() -> None:
    styles = _styles()
    (rule,) = styles.rules
    styles.set_variables(dict(_RED))
    styles.reparse()
    assert styles.rules[0] is rule
    styles.add_source("Input { color: $ink; }", read_from=("second.tcss", ""))
    styles.reparse()
    assert styles.rules[0] is rule and len(styles.rules) == 2


def test_other_variables_parse_everything_again() -> None:
    styles = _styles()
    styles.add_source("Input { color: $ink; }", read_from=("second.tcss", ""))
    for variables, color in ((_BLUE, "#0000FF"), (_RED, "#FF0000"), (_BLUE, "#0000FF")):
        styles.set_variables(dict(variables))
        styles.reparse()
        assert _colors(styles) == [color, color]


def test_a_mistake_leaves_the_rules() -> None:
    styles = _styles()
    styles.add_source("Label { colour: red; }", read_from=("second.tcss", ""))
    with pytest.raises(StylesheetParseError):
        styles.reparse()
    assert _colors(styles) == ["#FF0000"]
