"""outcome: how the run of a job ended."""

from __future__ import annotations

from dataclasses import dataclass

from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.sources import Refusal


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended; `version` is the newest one that can be restored (0: none)."""

    state: JobState
    version: int
    message: str
    refusal: Refusal | None = None
    """Why the folder was refused."""
    store_refused: bool = False
    """Whether the store did not take, or did not confirm, some of its articles (upload)."""
