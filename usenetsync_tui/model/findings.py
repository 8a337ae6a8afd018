"""What an examination of this machine finds: how something is, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Grade(StrEnum):
    """How a finding is."""

    GOOD = "good"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, how it is, and what to do where it is not good."""

    check: str
    grade: Grade
    detail: str
    advice: str = ""


def good(check: str, detail: str) -> Finding:
    """Nothing to do."""
    return Finding(check, Grade.GOOD, detail)


def warn(check: str, detail: str, advice: str) -> Finding:
    """Something that may trouble."""
    return Finding(check, Grade.WARN, detail, advice)


def bad(check: str, detail: str, advice: str) -> Finding:
    """Something that does not work."""
    return Finding(check, Grade.BAD, detail, advice)
