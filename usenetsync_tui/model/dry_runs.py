"""What the next upload of a folder would do, found without doing it."""

from __future__ import annotations

from usenetsync_tui.model.entries import Problem
from usenetsync_tui.model.filters import Filters, Rule
from usenetsync_tui.model.sources import Refusal
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.model.versions.changes import Change


@value_object
class DryRunRow:
    """One path that the next version would show as changed, or that the filters leave out."""

    change: Change
    """EXCLUDED: the walk left it out, and did not look below it."""
    path: bytes
    kind: int | None
    """None: not known, as the walk did not look at it."""
    size: int
    """Bytes of a file, now; before, if it is gone."""
    to_post: int = 0
    """Bytes that the upload would read, and post unless the store has them."""
    rule: Rule | None = None
    """What leaves it out; also of a removed path."""


@value_object
class DryRunBatch:
    """The next findings, in the order of the walk."""

    rows: tuple[DryRunRow, ...]
    problems: tuple[Problem, ...] = ()
    unchanged: int = 0


@value_object
class DryRunTotals:
    """How many paths of each kind, and how much there is to post."""

    added: int = 0
    modified: int = 0
    removed: int = 0
    excluded: int = 0
    unchanged: int = 0
    problems: int = 0
    to_post: int = 0
    """Bytes, before deduplication and compression; all copies together."""

    def plus(self, batch: DryRunBatch, copies: int) -> DryRunTotals:
        """The totals with a batch."""
        changes = [row.change for row in batch.rows]
        return DryRunTotals(
            added=self.added + changes.count(Change.ADDED),
            modified=self.modified + changes.count(Change.MODIFIED),
            removed=self.removed + changes.count(Change.REMOVED),
            excluded=self.excluded + changes.count(Change.EXCLUDED),
            unchanged=self.unchanged + batch.unchanged,
            problems=self.problems + sum(p.kind.is_error for p in batch.problems),
            to_post=self.to_post + copies * sum(row.to_post for row in batch.rows),
        )


MOST_PREVIEWED = 200
"""The rows of a preview on the screen; the totals count all."""


@value_object
class Preview:
    """What the engine found so far of a folder's next version, for the screen."""

    number: int
    """A new one for each preview."""
    folder_id: int
    filters: Filters
    totals: DryRunTotals = DryRunTotals()
    rows: tuple[DryRunRow, ...] = ()
    """The first ones that a rule leaves out, at most `MOST_PREVIEWED`."""
    over: bool = False
    refusal: Refusal | None = None
    """Why the upload would refuse the folder."""
    error: str = ""
    """Why there is no more: a sentence, safe to show."""
    window: int = 0
    """The window that asked, and that alone sees it (`commands.folders.PreviewFilters`)."""
