"""The findings of `doctor` about this machine: what is good or bad, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Grade(StrEnum):
    """How good or bad a finding is."""

    GOOD = "good"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
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
