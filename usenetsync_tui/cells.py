"""Text cut to terminal cells (East Asian characters take two), for tables and the screen."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size


def cut(text: str, width: int) -> str:
    """`text` in exactly `width` cells; longer text is cut and ends in an ellipsis."""
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    return set_cell_size(text, width - 1) + "…" if width > 0 else ""


def cut_middle(text: str, width: int) -> str:
    """`text` in at most `width` cells, cut in the middle: the end of a path matters most."""
    if cell_len(text) <= width:
        return text
    if width < 8:
        return cut(text, width)
    head = set_cell_size(text, (width - 1) // 3).rstrip()
    tail = text[-(width - 1 - cell_len(head)) :]
    while cell_len(head) + 1 + cell_len(tail) > width:
        tail = tail[1:]
    return f"{head}…{tail}"
