"""Names made safe for a terminal.

A path is bytes and may hold anything but NUL; only this module makes it text to show. The
result is for display only: never a key, never part of a path.
"""

from __future__ import annotations

import unicodedata

_MAX_MARKS = 2
_DROPPED = frozenset([*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0), *range(0x1F3FB, 0x1F400)])
_TABLE = {**{n: 0x2400 + n for n in range(0x20)}, 0x7F: 0x2421}


def safe_name(name: bytes | str) -> str:
    """Render a name so that no byte of it can act on a terminal.

    Printable ASCII passes as it is; C0 controls and DEL become their control pictures, C1
    controls and undecodable bytes ``\\xNN``, other non-printables (bidi and zero-width
    ones included) U+FFFD; variation selectors and skin tones, on whose width terminals
    disagree, are dropped; combining marks are capped at two a letter.
    """
    text = name.decode("utf-8", "surrogateescape") if isinstance(name, bytes) else name
    if text.isascii() and text.isprintable():
        return text
    out: list[str] = []
    marks = 0
    for char in text:
        code = ord(char)
        if unicodedata.combining(char):
            marks += 1
            if marks <= _MAX_MARKS:
                out.append(char)
            continue
        marks = 0
        if code in _TABLE:
            out.append(chr(_TABLE[code]))
        elif 0x80 <= code < 0xA0:
            out.append(f"\\x{code:02x}")
        elif 0xDC80 <= code <= 0xDCFF:
            out.append(f"\\x{code - 0xDC00:02x}")
        elif code not in _DROPPED:
            out.append(char if char.isprintable() else "\ufffd")
    return "".join(out)
