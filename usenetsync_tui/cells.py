"""Text cut to cells of a terminal (East Asian characters take two), for tables and the screen."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size


def cut(text: str, width: int) -> str:
    """`text` in exactly `width` cells; what does not fit ends in an ellipsis."""
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    return set_cell_size(text, width - 1) + "…" if width > 0 else ""


def cut_middle(text: str, width: int) -> str:
    """`text` in at most `width` cells, keeping both ends: a path's end tells most."""
    if cell_len(text) <= width:
        return text
    if width < 8:
        return cut(text, width)
    head = set_cell_size(text, (width - 1) // 3).rstrip()
    tail = text[-(width - 1 - cell_len(head)) :]
    while cell_len(head) + 1 + cell_len(tail) > width:
        tail = tail[1:]
    return f"{head}…{tail}"
