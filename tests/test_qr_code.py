"""The QR code of a recovery string: the modules that segno makes, two in each cell."""

from __future__ import annotations

import pytest
import segno

from usenetsync_tui.qr_code import MARGIN, NARROW, qr_lines

_DARK = {" ": (0, 0), "▀": (1, 0), "▄": (0, 1), "█": (1, 1)}
PLAIN = "usenetsync1pqqqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0skqvj3k"


def modules(lines: list[str]) -> list[list[int]]:
    """The rows of modules that the lines of a code show."""
    return [[_DARK[cell][half] for cell in line] for line in lines for half in (0, 1)]


@pytest.mark.parametrize("margin", [MARGIN, NARROW])
@pytest.mark.parametrize("text", [PLAIN, PLAIN + "q" * 91, "A"])
def test_the_lines_are_the_modules_of_the_text_in_capitals(text: str, margin: int) -> None:
    rows = modules(qr_lines(text, margin=margin))
    code = segno.make_qr(text.upper(), error="l", boost_error=False)
    assert code.mode == "alphanumeric"
    size = len(code.matrix)
    inner = [row[margin : margin + size] for row in rows[margin : margin + size]]
    assert inner == [list(row) for row in code.matrix]
    assert {len(row) for row in rows} == {size + 2 * margin}
    # Nothing but light around it: one row more where the rows are odd.
    dark = sum(map(sum, rows))
    assert dark == sum(map(sum, inner)) and len(rows) - size - 2 * margin in (0, 1)
