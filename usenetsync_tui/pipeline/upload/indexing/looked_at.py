"""looked_at: what paths have beside their entries, where the walk cannot tell.

- Directories, symlinks and special files are never opened by a reader: what they have is read with
  their new rows. Files get it from their readers.
- The ctime of a directory or symlink may show other extended attributes, and often shows nothing:
  one system call tells. Only a difference makes a new row.
- Rows of a program that kept none of this get it once, in place: as the ctime is that of the row,
  it is what the file had in the row's first version already. Nothing is read again for that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from anyio import to_thread

from usenetsync_tui.catalogue.tables.metadata import metadata
from usenetsync_tui.catalogue.tables.metadata.metadata import Found, xattrs_digest
from usenetsync_tui.disk.source.source_tree import SourceTree
from usenetsync_tui.model.entries import Entry, FileKind, Notice, NoticeKind
from usenetsync_tui.model.metadata.metadata import Metadata
from usenetsync_tui.model.path_keys import path_key
from usenetsync_tui.pipeline.run.job_run import JobRun


class Doubt(NamedTuple):
    """A path that is unchanged unless its extended attributes are others."""

    entry: Entry
    xattrs: bytes | None
    """The digest in its row."""
    is_known: bool
    """Whether that is what it had."""
    is_equal: bool
    """Whether its row and its entry are the same."""


class Settled(NamedTuple):
    """What came of some doubts."""

    changed: list[Entry]
    same: list[Entry]
    """Entries that differ from their rows in what a version does not show."""
    found: list[Found]
    """What rows get in place."""


class LookedAt:
    """Looks at paths of a run's folder."""

    def __init__(self, run: JobRun, source: SourceTree) -> None:
        self._run = run
        self._source = source
        self.is_known = True
        """Whether the rows of the folder tell what its files have."""

    async def begin(self) -> None:
        """Find out whether this is the first upload by a program that looks."""
        async with self._run.catalogue.transaction() as tx:
            self.is_known = await metadata.is_known(tx, self._run.folder.id)

    async def of_unread(self, entries: Sequence[Entry]) -> list[Found]:
        """What those of some new entries have that no reader opens."""
        unread = [e for e in entries if e.kind != FileKind.REGULAR]
        return await self._look(unread) if unread else []

    async def settle(self, doubts: Sequence[Doubt]) -> Settled:
        """Look at some paths in path order."""
        settled = Settled([], [], [])
        found = await self._look([doubt.entry for doubt in doubts])
        for doubt, (key, each) in zip(doubts, found, strict=True):
            is_other = not each.lack and xattrs_digest(each.xattrs) != doubt.xattrs
            if is_other and (doubt.is_known or doubt.xattrs is not None):
                settled.changed.append(doubt.entry)
                continue
            if not doubt.is_equal:
                settled.same.append(doubt.entry)
            if not doubt.is_known:
                settled.found.append((key, each))
        return settled

    async def _look(self, entries: Sequence[Entry]) -> list[Found]:
        found = await to_thread.run_sync(self._read, entries)
        lacks = [
            Notice(NoticeKind.ATTRIBUTES, entry.path, each.lack)
            for entry, each in zip(entries, found, strict=True)
            if each.lack
        ]
        await self._run.notice(*lacks)
        return [(path_key(e.path), each) for e, each in zip(entries, found, strict=True)]

    def _read(self, entries: Sequence[Entry]) -> list[Metadata]:
        with self._source.in_order() as nearby:
            return [nearby.metadata(entry) for entry in entries]
