"""The findings of `doctor` as lines: glyph, name, result, and below it what to do. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from usenetsync_tui.cells import cut
from usenetsync_tui.model.machine.findings import GLYPHS, Finding, Grade, verdict
from usenetsync_tui.model.status.tasks import Examination
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.tui.kit.inks import Ink, Line, Span

_INKS: dict[Grade, Ink] = {Grade.GOOD: "good", Grade.WARN: "warn", Grade.BAD: "bad"}
_NAME = 11
_GAP = 2
"""Cells after the glyph's cell and after the name."""


def all_found(seen: Examination | None, terminal: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings of the engine, then those of the screen about the `terminal`."""
    return (*(seen.findings if seen is not None else ()), *terminal)


def doctor_lines(
    seen: Examination | None, terminal: Sequence[Finding], width: int
) -> tuple[Line, ...]:
    """The lines of all findings so far, then of the outcome."""
    found = all_found(seen, terminal)
    lines = [line for finding in found for line in _finding_lines(finding, width)]
    return (*lines, (), (outcome(seen, found),))


def outcome(seen: Examination | None, found: Sequence[Finding]) -> Span:
    """The verdict on all findings, or the progress while the checks run."""
    if seen is None:
        return "… waiting for the engine", "busy"
    if not seen.over:
        return "checking…  x stops", "busy"
    if seen.problem:
        return f"✗ The checks ended early: {seen.problem}", "bad"
    if seen.stopped:
        return f"! Stopped by you. So far: {verdict(found)}", "warn"
    worst = max((finding.grade for finding in found), key=list(Grade).index, default=Grade.GOOD)
    return verdict(found), _INKS[worst]


def _finding_lines(finding: Finding, width: int) -> list[Line]:
    ink = _INKS[finding.grade]
    indent = 2 + _NAME + _GAP
    room = max(10, width - indent)
    detail = _wrapped(finding.detail, room) or [""]
    shown: Ink = "plain" if finding.grade is Grade.GOOD else ink
    name = cut(safe_name(finding.check), _NAME) + " " * _GAP
    head: Line = ((f"{GLYPHS[finding.grade]} ", ink), (name, "plain"), (detail[0], shown))
    below: list[tuple[str, Ink]] = [(more, shown) for more in detail[1:]]
    below += [(more, "muted") for more in _wrapped(finding.advice, room)]
    return [head, *(((" " * indent, "plain"), part) for part in below)]


def _wrapped(text: str, room: int) -> list[str]:
    # Cut after wrapping: wide letters, or a word longer than the line, may not fit.
    return [cut(line, room) for line in textwrap.wrap(safe_name(text), room)]
