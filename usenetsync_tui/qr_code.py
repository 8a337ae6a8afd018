"""QR codes in a terminal: two modules in each cell, one above the other.

Knows how a text becomes the lines of a QR code (ISO/IEC 18004). Refuses to know colours: the caller
draws the lines in black on white, so that a camera reads them on dark and on light terminals.
"""

from __future__ import annotations

import segno

MARGIN = 4
"""Light modules around a code, as the standard wants them."""
NARROW = 2
"""Fewer, which cameras still read where the code is the only thing that is light."""
_HALVES = {(0, 0): " ", (1, 0): "▀", (0, 1): "▄", (1, 1): "█"}
"""A cell by its dark modules: the upper, the lower."""


def qr_lines(text: str, *, margin: int = MARGIN) -> list[str]:
    """The lines of the QR code of an ASCII text without small letters' meaning.

    The text is written in capitals: QR codes store capitals and digits in 5.5 bits instead of 8.
    Error correction is level L, as nothing covers a part of a screen. A line has a cell for each
    module of a row, and as many cells of margin on each side.
    """
    code = segno.make(text.upper(), error="l", micro=False, boost_error=False)
    rows = [list(row) for row in code.matrix_iter(border=margin)]
    if len(rows) % 2:
        rows.append([0] * len(rows[0]))
    return [
        "".join([_HALVES[cell] for cell in zip(upper, lower, strict=True)])
        for upper, lower in zip(rows[::2], rows[1::2], strict=True)
    ]
