"""The sweeps of verify: how far one is, and what it has found so far."""

from __future__ import annotations

import re
from datetime import datetime

from usenetsync_tui.model.value_object import value_object

SAMPLE = 30
"""Parts of the sample that the screen offers."""
MOST_PARTS = 1_000

_SAMPLE = re.compile(r"1/([0-9]{1,4})")


def read_sample(text: str) -> int:
    """The number of parts in ``1/30``. `ValueError` with a sentence for the user."""
    found = _SAMPLE.fullmatch(text)
    if found is None or not 2 <= int(found[1]) <= MOST_PARTS:
        raise ValueError(f"A sample is 1/2 to 1/{MOST_PARTS} of the articles, such as 1/{SAMPLE}.")
    return int(found[1])


@value_object
class Scope:
    """What a sweep checks: sweeps of different scope do not touch each other's position."""

    folder_id: int
    bodies: bool
    """Whether it fetches every article, instead of asking whether the store has it."""
    sample: int = 1
    """It checks one of so many parts of the articles; 1: all of them."""


@value_object
class Sweep:
    """A sweep under way. Counts are articles, those known to be lost when it began included."""

    part: int
    """Which part of a sample, from 0."""
    job_id: int
    """The job that has its notices."""
    began_at: datetime
    object_id: int
    """All articles up to this copy of a segment have been checked."""
    index: int
    redundancy: int
    checked: int
    missing: int
    damaged: int
    unknown: int
    why_unknown: str
    done_files: int
    done_bytes: int
    lost_bytes: int
    """Part of the done bytes: articles that are missing or damaged."""

    @property
    def position(self) -> tuple[int, int, int]:
        """(object, segment index, redundancy) of the last article that was checked."""
        return self.object_id, self.index, self.redundancy
