"""The findings of `doctor` about this machine: what is good or bad, and what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum

from usenetsync_tui.model.text.figures import plural
from usenetsync_tui.model.value_object import value_object


class Grade(StrEnum):
    """How good or bad a finding is."""

    GOOD = "good"
    WARN = "warn"
    BAD = "bad"


GLYPHS = {Grade.GOOD: "✓", Grade.WARN: "!", Grade.BAD: "✗"}


@value_object
class Finding:
    """One line: what was checked, the result, and what to do if it is not good."""

    check: str
    grade: Grade
    detail: str
    advice: str = ""


def good(check: str, detail: str) -> Finding:
    """A finding that needs no action."""
    return Finding(check, Grade.GOOD, detail)


def warn(check: str, detail: str, advice: str) -> Finding:
    """A finding that may cause trouble."""
    return Finding(check, Grade.WARN, detail, advice)


def bad(check: str, detail: str, advice: str) -> Finding:
    """A finding that something does not work."""
    return Finding(check, Grade.BAD, detail, advice)


def verdict(findings: Iterable[Finding]) -> str:
    """What they come to: how many problems and warnings there are."""
    counts = Counter(finding.grade for finding in findings)
    problems = plural(counts[Grade.BAD], "problem")
    warnings = plural(counts[Grade.WARN], "warning")
    if counts[Grade.BAD]:
        return f"{problems}, {warnings}." if counts[Grade.WARN] else f"{problems}."
    return f"{warnings}." if counts[Grade.WARN] else "All good."
