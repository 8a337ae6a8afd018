"""The lines of a restore's preview: the sums, and what happens to each path of a page."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from usenetsync_tui.cells import cut, cut_middle
from usenetsync_tui.model.figures import number, size
from usenetsync_tui.model.restore_plans import MOST_SHOWN, Fate, PlannedPath, RestorePreview
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.model.words import FATE_SUMS, FATE_WORDS
from usenetsync_tui.tui.kit.inks import Ink, Line

UNASKED = "Preview shows what happens to each file. It changes nothing."
_INKS: dict[Fate, Ink] = {
    Fate.FAIL: "bad",
    Fate.DELETE: "warn",
    Fate.OVERWRITE: "accent",
    Fate.CREATE: "good",
    Fate.KEEP: "muted",
}
_WORD = 13


def plan_lines(preview: RestorePreview | None, width: int) -> Sequence[Line]:
    """What was found so far; None: nothing was asked for."""
    if preview is None:
        return [((cut(UNASKED, width), "muted"),)]
    lines: list[Line] = [((cut(words, width), ink),) for words, ink in _heads(preview)]
    lines += [_row(row, width) for row in preview.rows]
    return lines


def pages(preview: RestorePreview) -> int:
    """How many pages the plan has so far, at least one."""
    return max(1, -(-_count(preview) // MOST_SHOWN))


def _count(preview: RestorePreview) -> int:
    return sum(preview.totals.of(fate).paths for fate in Fate)


def _heads(preview: RestorePreview) -> list[tuple[str, Ink]]:
    if preview.error:
        return [(f"! {preview.error}", "bad")]
    state = "" if preview.over else " so far"
    heads: list[tuple[str, Ink]] = []
    for fate, words in FATE_SUMS.items():
        count = preview.totals.of(fate)
        if count.paths:
            heads.append((f"{number(count.paths)} {words}, {size(count.bytes)}{state}", "strong"))
    if not heads:
        heads.append((f"Nothing to restore{state}.", "strong"))
    heads += [(f"! {problem}", "warn") for problem in preview.problems]
    if pages(preview) > 1:
        first = preview.page * MOST_SHOWN
        last = first + len(preview.rows)
        words = f"{number(first + 1)} to {number(last)} of {number(_count(preview))}"
        heads.append((f"{words} paths; page down and page up show others", "muted"))
    return heads


def _row(row: PlannedPath, width: int) -> Line:
    word, ink = FATE_WORDS[row.fate], _INKS[row.fate]
    reason = f"  {safe_name(row.reason)}" if row.reason else ""
    room = max(0, width - _WORD)
    path = cut_middle(safe_name(row.path), max(room - len(reason), room // 2))
    rest = cut(reason, room - cell_len(path))
    return ((f"{word:<{_WORD}}", ink), (path, "plain"), (rest, "muted"))
