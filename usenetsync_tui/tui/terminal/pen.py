"""Fewer bytes for the same picture: sends only changes of colour and attributes.

Textual writes the full style before each run of text and a reset after it, up to 44 bytes a run:
often more than the text. Over SSH that is most of what a running screen sends.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

_SEQUENCE = re.compile(r"(\x1b\[[\d;]*[mH])")
_ATTRIBUTES: Final = frozenset({*"123456789", "21", "51", "52", "53"})
_SEEN_ON_BLANKS: Final = frozenset({"4", "7", "9", "21", "51", "52", "53"})
"""Underline, strike, overline, frames, reverse: they also show on blanks."""
_COLOR_PARAMETERS: Final = {"5": 3, "2": 5}
"""Number of parameters of a colour that begins with 38 or 48, by its second parameter."""


class Pen(NamedTuple):
    """The style of the next character that a terminal draws (ECMA-48 8.3.117, SGR)."""

    attributes: frozenset[str] = frozenset()
    ink: str = "39"
    paper: str = "49"


_NEW: Final = Pen()


def slim(text: str) -> str:
    """Return a shorter text that draws the same as `text`, which begins and ends with a new pen.

    Changes the pen only before text is drawn, and only what differs; blanks take any ink. Moves
    the cursor only before text is drawn. Passes other escape sequences unchanged, with the pen and
    the cursor that they expect.
    """
    out: list[str] = []
    held = wanted = _NEW
    moved = ""
    pieces = _SEQUENCE.split(text)
    for drawn, sequence in zip(pieces[::2], [*pieces[1::2], ""], strict=True):
        # Skip a line feed before a cursor position: Textual ends its rows with one.
        if drawn and not (drawn == "\n" and sequence.endswith("H")):
            out.append(moved)
            moved = ""
            if held != wanted and not (_is_blank(drawn) and _alike_on_blanks(held, wanted)):
                out.append(_change(held, wanted))
                held = wanted
            out.append(drawn)
        if sequence.endswith("m"):
            wanted = _after_sgr(wanted, sequence[2:-1])
        elif sequence:
            moved = sequence
    return "".join(out) + moved + _change(held, wanted)


def _is_blank(drawn: str) -> bool:
    return not drawn.strip(" ")


@lru_cache(maxsize=1024)
def _alike_on_blanks(one: Pen, other: Pen) -> bool:
    seen = _SEEN_ON_BLANKS & (one.attributes | other.attributes)
    return one.paper == other.paper and not seen


@lru_cache(maxsize=1024)
def _after_sgr(pen: Pen, parameters: str) -> Pen:
    """The pen after an SGR sequence with these parameters."""
    rest = (parameters or "0").split(";")
    while rest:
        first = rest[0]
        length = _COLOR_PARAMETERS.get(rest[1], 1) if first in ("38", "48") and rest[1:] else 1
        this, rest = ";".join(rest[:length]), rest[length:]
        if first in ("", "0"):
            pen = _NEW
        elif first in _ATTRIBUTES:
            pen = pen._replace(attributes=pen.attributes | {first})
        elif first.startswith(("3", "9")):
            pen = pen._replace(ink=this)
        elif first.startswith(("4", "10")):
            pen = pen._replace(paper=this)
    return pen


@lru_cache(maxsize=1024)
def _change(held: Pen, wanted: Pen) -> str:
    """The shortest sequence from one pen to another; only a reset ends attributes."""
    parts = []
    if held.attributes - wanted.attributes or (held != wanted and wanted == _NEW):
        parts.append("0")
        held = _NEW
    parts += sorted(wanted.attributes - held.attributes)
    parts += [wanted.ink] * (wanted.ink != held.ink) + [wanted.paper] * (wanted.paper != held.paper)
    return f"\x1b[{';'.join(parts)}m" if parts else ""
