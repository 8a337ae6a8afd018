"""The lines of a preview: what filters leave out, by which rule, and what there is to post."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from usenetsync_tui.cells import cut, cut_middle
from usenetsync_tui.model.dry_runs import DryRunRow, Preview
from usenetsync_tui.model.text.figures import number, size
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.text.words import CHANGE_WORDS
from usenetsync_tui.model.versions.changes import Change
from usenetsync_tui.tui.kit.inks import Ink, Line

UNASKED = "Preview shows what these filters exclude. It changes nothing."
_WORD = 12


def preview_lines(preview: Preview | None, width: int) -> Sequence[Line]:
    """What was found so far; None: nothing was asked for."""
    if preview is None:
        return [((cut(UNASKED, width), "muted"),)]
    lines: list[Line] = [((cut(words, width), ink),) for words, ink in _heads(preview)]
    lines += [_row(row, width) for row in preview.rows]
    return lines


def _heads(preview: Preview) -> list[tuple[str, Ink]]:
    if preview.error:
        return [(f"! {preview.error}", "bad")]
    totals = preview.totals
    seen = totals.added + totals.modified + totals.unchanged
    state = "" if preview.over else " so far"
    heads: list[tuple[str, Ink]] = [
        (
            f"{number(totals.excluded)} excluded, {number(totals.removed)} removed, "
            f"{number(seen)} stay{state}",
            "strong",
        ),
        (
            f"{number(totals.added)} new, {number(totals.modified)} changed: "
            f"at most {size(totals.to_post)} to post{state}",
            "plain",
        ),
    ]
    if totals.problems:
        heads.append((f"! {number(totals.problems)} cannot be read", "warn"))
    if preview.refusal is not None:
        heads.append((f"! The upload would be refused. {preview.refusal.finding}", "bad"))
    return heads


def _row(row: DryRunRow, width: int) -> Line:
    ink: Ink = "warn" if row.change is Change.REMOVED else "muted"
    rule = f"  {row.rule}" if row.rule is not None else ""
    room = max(0, width - _WORD)
    path = cut_middle(safe_name(row.path), max(room - len(rule), room // 2))
    return (
        (f"{CHANGE_WORDS[row.change]:<{_WORD}}", ink),
        (path, "plain"),
        (cut(rule, room - cell_len(path)), "muted"),
    )
