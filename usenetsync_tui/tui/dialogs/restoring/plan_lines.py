"""The lines of a restore's preview: the sums, and what happens to each path of a page."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

from usenetsync_tui.cells import cut, cut_middle
from usenetsync_tui.model.entries import FileKind
from usenetsync_tui.model.restores.plans import (
    MOST_SHOWN,
    Fate,
    PlannedPath,
    PlanPhase,
    RestorePreview,
)
from usenetsync_tui.model.text.figures import number, size
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.text.words import FATE_SUMS, FATE_WORDS
from usenetsync_tui.tui.kit.inks import Ink, Line

_PHASES = {PlanPhase.SEARCH: "Searching the store…", PlanPhase.LOAD: "Loading the index…"}
_INKS: dict[Fate, Ink] = {
    Fate.FAIL: "bad",
    Fate.DELETE: "warn",
    Fate.OVERWRITE: "accent",
    Fate.CREATE: "good",
    Fate.KEEP: "muted",
}
_WORD = 12
_SIZE = 9
_REASON = 25
"""Cells that most reasons fit into."""
_GAP = 2
_LEAST = 8
"""Cells of a path that are there whatever the reason is."""
_GLUE = "\N{NO-BREAK SPACE}"
"""Between a figure and its unit while lines are broken; never shown."""


def plan_heads(preview: RestorePreview, width: int) -> Sequence[Line]:
    """The sums of what was found so far, or how far the engine is: a few lines."""
    return [
        ((line.replace(_GLUE, " "), ink),)
        for words, ink in _heads(preview)
        for line in wrap(words, max(20, width))
    ]


def plan_lines(preview: RestorePreview, width: int) -> Sequence[Line]:
    """What cannot be examined, then a line for each path of the page, below a header."""
    problems: list[Line] = [((cut(f"! {each}", width), "warn"),) for each in preview.problems]
    if not preview.rows:
        return problems
    room = max(0, width - _WORD - _SIZE - _GAP)
    reasons = max(len(safe_name(row.reason)) for row in preview.rows)
    reason = max(0, min(reasons, max(_REASON, width // 3), room - _LEAST))
    path = room - reason
    head = f"{'':<{_WORD}}{cut('PATH', path)}{'SIZE':>{_SIZE}}{' ' * _GAP}{'WHY' if reason else ''}"
    rows = [_row(row, path, reason) for row in preview.rows]
    return [*problems, ((cut(head, width), "muted"),), *rows]


def pages(preview: RestorePreview) -> int:
    """How many pages the plan has so far, at least one."""
    return max(1, -(-_count(preview) // MOST_SHOWN))


def _count(preview: RestorePreview) -> int:
    return sum(preview.totals.of(fate).paths for fate in Fate)


def _heads(preview: RestorePreview) -> list[tuple[str, Ink]]:
    if preview.error:
        return [(f"! {preview.error}", "bad")]
    if preview.phase in _PHASES:
        return [(_PHASES[preview.phase], "strong")]
    state = "" if preview.over else " so far"
    counts = ((preview.totals.of(fate), words) for fate, words in FATE_SUMS.items())
    sums = [
        f"{number(count.paths)} {words}, {size(count.bytes).replace(' ', _GLUE)}"
        for count, words in counts
        if count.paths
    ]
    words = " · ".join(sums) + state if sums else f"Nothing to restore{state}."
    heads: list[tuple[str, Ink]] = [(words, "strong")]
    if pages(preview) > 1:
        first = preview.page * MOST_SHOWN
        last = first + len(preview.rows)
        words = f"{number(first + 1)} to {number(last)} of {number(_count(preview))}"
        heads.append((f"{words} paths; page down and page up show others", "muted"))
    return heads


def _row(row: PlannedPath, path: int, reason: int) -> Line:
    amount = size(row.size) if row.kind == FileKind.REGULAR else ""
    shown = cut_middle(safe_name(row.path) or ".", path)
    return (
        (f"{FATE_WORDS[row.fate]:<{_WORD}}", _INKS[row.fate]),
        (cut(shown, path), "plain"),
        (f"{amount:>{_SIZE}}{' ' * _GAP}", "muted"),
        (cut(safe_name(row.reason), reason), "muted"),
    )
