"""What a restore would do to each path of its target, found without doing it."""

from __future__ import annotations

from enum import StrEnum

from usenetsync_tui.model.commands.jobs import Restore
from usenetsync_tui.model.value_object import value_object


class Fate(StrEnum):
    """What happens to a path."""

    CREATE = "create"
    OVERWRITE = "overwrite"
    KEEP = "keep"
    DELETE = "delete"
    FAIL = "fail"
    """It cannot be restored."""


@value_object
class PlannedPath:
    """A path of the version or of the target, and what the restore would do to it."""

    fate: Fate
    path: bytes
    kind: int
    size: int
    """Bytes of the version's file; of the target's for one that is deleted."""
    reason: str
    """Why, in a few words; empty if the fate says it all."""


@value_object
class FateCount:
    """Paths of one fate, and the bytes of the files among them."""

    paths: int = 0
    bytes: int = 0


@value_object
class PlanTotals:
    """The sums of a plan."""

    create: FateCount = FateCount()
    overwrite: FateCount = FateCount()
    keep: FateCount = FateCount()
    delete: FateCount = FateCount()
    fail: FateCount = FateCount()
    problems: int = 0
    """Paths of the target that cannot be examined: nothing below them is deleted."""

    def plus(self, batch: PlanBatch) -> PlanTotals:
        """The totals with a batch."""
        counts = {fate: self.of(fate) for fate in Fate}
        for fate in {row.fate for row in batch.rows}:
            before = counts[fate]
            mine = [row.size for row in batch.rows if row.fate is fate]
            counts[fate] = FateCount(before.paths + len(mine), before.bytes + sum(mine))
        problems = self.problems + len(batch.problems)
        return PlanTotals(**{str(fate): counts[fate] for fate in Fate}, problems=problems)

    def of(self, fate: Fate) -> FateCount:
        """The sums of one fate."""
        count: FateCount = getattr(self, str(fate))
        return count


@value_object
class PlanBatch:
    """The next paths of a plan: those of the version first, in its order, then those to delete."""

    rows: tuple[PlannedPath, ...]
    problems: tuple[str, ...] = ()
    """Sentences, safe to show."""


MOST_SHOWN = 200
"""The rows of a plan in one page for the screen; the totals count all."""


class PlanPhase(StrEnum):
    """What the engine does for a preview; the first two only with a recovery string."""

    SEARCH = "search"
    LOAD = "load"
    """Loads the index."""
    PLAN = "plan"


@value_object
class RestorePreview:
    """What the engine found so far of a restore, for the screen."""

    number: int
    """A new one for each preview."""
    restore: Restore
    page: int = 0
    """Which page of the plan, from 0."""
    totals: PlanTotals = PlanTotals()
    rows: tuple[PlannedPath, ...] = ()
    """Those of the page, at most `MOST_SHOWN`: first what fails, last what stays as it is."""
    problems: tuple[str, ...] = ()
    over: bool = False
    error: str = ""
    """Why there is no more: a sentence, safe to show."""
    phase: PlanPhase = PlanPhase.PLAN
    window: int = 0
    """The window that asked, and that alone sees it (`commands.versions.PreviewRestore`)."""
