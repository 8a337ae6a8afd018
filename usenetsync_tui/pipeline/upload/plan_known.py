"""The planner's part for known content: unchanged files that keep their object, shared slices.

Works in the planner's transaction. Refuses to know articles that are to be sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from usenetsync_tui.catalogue.session import Transaction
from usenetsync_tui.catalogue.tables import files, known, new_files
from usenetsync_tui.catalogue.tables.files import Placed
from usenetsync_tui.pipeline.run.job_run import JobRun, Progress
from usenetsync_tui.pipeline.run.segments import Ending, FilesKnown, SlicesShared


@dataclass(frozen=True, slots=True)
class FilesDone:
    """Files that are done without any article posted for them."""

    files: int = 0
    unchanged: int = 0
    """Those of them that do not differ from the previous version at all."""
    again: int = 0
    """Bytes of files that must be read once more."""

    def count(self, progress: Progress) -> None:
        """Count them, once the transaction is on disk."""
        progress.done_files += self.files
        progress.unchanged += self.unchanged
        progress.total_bytes += self.again


@dataclass(slots=True)
class SharedCopies:
    """Copies of slices that articles of earlier objects carry."""

    copies: int = 0
    posted: int = 0
    """Those of them that are posted."""

    def add(self, more: SharedCopies) -> None:
        """Add those of one item."""
        self.copies += more.copies
        self.posted += more.posted

    def count(self, progress: Progress) -> None:
        """Count them, once the transaction is on disk."""
        progress.segments += self.copies
        progress.deduplicated_segments += self.copies


async def place(
    tx: Transaction, run: JobRun, placed: Sequence[Placed], ended: Sequence[Ending]
) -> FilesDone:
    """Record where the files lie: in new objects, or in those they have if these are usable.

    A file stays pending if one of its articles was lost since the reader compared it.
    """
    kept = [p for i in ended if isinstance(i, FilesKnown) for p in i.kept]
    empty = [p for i in ended if isinstance(i, FilesKnown) for p in i.empty]
    wanted = {p.object_id for p in kept if p.object_id is not None}
    usable = await known.usable(tx, run.folder, wanted)
    same = [p for p in kept if p.object_id in usable]
    everything = [*placed, *empty, *same]
    rowless = [p for p in everything if p.rowless is not None]
    await new_files.add_planned(tx, run.folder.id, run.version, rowless)
    rows = everything if not rowless else [p for p in everything if p.rowless is None]
    await files.set_planned(tx, run.folder.id, rows)
    keys = [p.key for p in empty + same]
    unchanged = await known.undo_unchanged(tx, run.folder.id, run.version, keys)
    again = sum(p.size or 0 for p in kept) - sum(p.size or 0 for p in same)
    return FilesDone(len(keys), unchanged, again)


async def share(tx: Transaction, run: JobRun, item: SlicesShared) -> SharedCopies | None:
    """Let the articles of an earlier object carry slices of a new one.

    None when some of them were lost since the slices were compared.
    """
    copies, count = run.folder.copies, item.last - item.first
    shares, posted = await known.share(
        tx, item.object.id, item.source, item.first, item.last, copies
    )
    return SharedCopies(shares, posted) if shares >= count * copies else None
