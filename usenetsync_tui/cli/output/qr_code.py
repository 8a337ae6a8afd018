"""Prints a QR code on standard output, black on white whatever the terminal's colours are."""

from __future__ import annotations

import codecs
import sys

from usenetsync_tui.cli.output import voices
from usenetsync_tui.cli.output.table import terminal_width
from usenetsync_tui.qr_code import qr_lines

_INK, _PLAIN = "\x1b[38;5;16;48;5;231m", "\x1b[0m"
"""The black and white of the 256 colours: no theme changes them, as it does with the first 16."""


def say_qr_code(text: str) -> None:
    """Print the QR code of a text, or on standard error why this terminal cannot show it.

    Without a terminal the lines have no colours: dark modules are ink, as on paper.
    """
    lines, width = qr_lines(text), terminal_width()
    if not codecs.lookup(sys.stdout.encoding or "ascii").name.startswith("utf"):
        voices.complain("usenetsync: no QR code: it needs UTF-8, which this locale does not have.")
    elif width is not None and width < len(lines[0]):
        voices.complain(
            f"usenetsync: no QR code: it needs a terminal of {len(lines[0])} columns, and this "
            f"one has {width}."
        )
    else:
        for line in lines:
            voices.say(f"{_INK}{line}{_PLAIN}" if sys.stdout.isatty() else line)
