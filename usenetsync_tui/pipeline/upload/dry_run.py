"""dry_run: what an upload would take in, remove and leave out, found without doing it.

Joins the walk with the rows of the catalogue, as `indexing` does, and writes nothing anywhere. It
opens no file but those with patterns and tags. Bytes to post are those of the files that an upload
would read: what the store has already shows only when they are read.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from dataclasses import field
from typing import Any

from anyio import to_thread

from usenetsync_tui.catalogue.columns import CURRENT, ENTRY, position
from usenetsync_tui.catalogue.lookups import planned
from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.catalogue.tables import snapshots
from usenetsync_tui.disk.source import guard
from usenetsync_tui.disk.source.filters.tree_filters import TreeFilters
from usenetsync_tui.disk.source.mount_watch import MountWatch, examine_root
from usenetsync_tui.disk.source.own_files import OwnFiles, OwnPath
from usenetsync_tui.disk.source.scan import ScanBatch, walk
from usenetsync_tui.errors import SourceError
from usenetsync_tui.model.dry_runs import DryRunBatch, DryRunRow
from usenetsync_tui.model.entries import Entry, FileKind, FileState
from usenetsync_tui.model.filters import Excluded, Filters
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.path_keys import path_key
from usenetsync_tui.model.sources import Refusal
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.model.versions.changes import Change
from usenetsync_tui.pipeline.run.judge import ComparedVersion, examine_source, known
from usenetsync_tui.pipeline.upload.indexing.comparison import Comparison
from usenetsync_tui.pipeline.upload.indexing.index import next_batches
from usenetsync_tui.pipeline.upload.indexing.kept import KeptPaths, PathsAhead
from usenetsync_tui.pipeline.upload.indexing.long_paths import in_key_order

_PAGE = 5_000
_ENTRY = len(ENTRY)
_PATH, _KIND, _SIZE, _STATE, _KEY, _RACY = [
    position(CURRENT, name) for name in ("path", "kind", "size", "state", "key", "racy")
]
_IS_IN_IT, _WAS_IN_IT = len(CURRENT), len(CURRENT) + 1

Row = Sequence[Any]


class RefusedError(SourceError):
    """The upload would refuse the folder."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.finding, whole=True)
        self.refusal = refusal


@value_object
class DryRun:
    """The upload that would be."""

    catalogue: Catalogue
    path: bytes
    known_folder: Folder | None
    """As the catalogue has it; None: it was never uploaded."""
    filters: Filters
    global_patterns: tuple[bytes, ...] = ()
    own: Collection[OwnPath] = field(default=())
    ignore_inode: bool | None = None
    allow_shrink: bool = False

    @property
    def folder(self) -> Folder:
        """The folder, which must be known."""
        assert self.known_folder is not None
        return self.known_folder

    async def batches(self) -> AsyncIterator[DryRunBatch]:
        """What would happen to each path, in the order of the walk.

        Raises `RefusedError`, before the first batch or after the last; SourceError when the folder
        or a file with patterns cannot be read.
        """
        compared = ComparedVersion(0, 0, True, {}, set())
        if self.known_folder is not None:
            async with self.catalogue.transaction() as tx:
                before = await snapshots.latest_finished(tx, self.folder.id)
            compared = await known(self, before, None)
            found = await examine_source(self, compared)
        else:
            try:
                found = await to_thread.run_sync(examine_root, self.path)
            except OSError as error:
                words = f"{safe_name(self.path)}: {error.strerror}"
                raise SourceError(words, whole=True) from error
        if isinstance(found, Refusal):
            raise RefusedError(found)
        mounts = {} if self.allow_shrink else compared.used_mounts
        watch = await to_thread.run_sync(MountWatch, self.path, found, mounts)
        filters = await to_thread.run_sync(TreeFilters, self.filters, self.global_patterns)
        own = await to_thread.run_sync(OwnFiles, self.path, self.own)
        steps = in_key_order(walk(self.path, own=own, watch=watch, filters=filters))
        join = _Join(self, compared.version)
        async for batch in _all(steps):
            yield await join.with_batch(batch)
        while rest := await join.rest():
            yield rest
        if compared.version and not self.allow_shrink:
            refusal = guard.judge_folder(compared.version, *join.losses(compared.files))
            if refusal is not None:
                raise RefusedError(refusal)


async def _all(steps: Iterator[ScanBatch]) -> AsyncIterator[ScanBatch]:
    while batches := await to_thread.run_sync(next_batches, steps):
        for batch in batches:
            yield batch


class _Join:
    def __init__(self, wanted: DryRun, version: int) -> None:
        self._wanted = wanted
        self._version = version
        folder = wanted.known_folder
        ignores = wanted.ignore_inode
        if folder is not None:
            ignores = folder.ignores_inode if not ignores else True
        moved = folder is not None and folder.adopted_version is not None
        self._comparison = Comparison(bool(ignores), moved)
        self._kept = KeptPaths()
        self._left_out: PathsAhead[Excluded] = PathsAhead()
        self._page: Sequence[Row] = ()
        self._at = 0
        self._is_end = folder is None
        self._missing = 0
        self._excluded = 0
        self._left = False
        self._rows: list[DryRunRow] = []
        self._unchanged = 0

    async def with_batch(self, batch: ScanBatch) -> DryRunBatch:
        """What happens to the entries of a batch, and to the rows before the last of them."""
        self._kept.add(batch.kept)
        self._left_out.put((each.path, each) for each in batch.excluded)
        for each in batch.excluded:
            self._rows.append(DryRunRow(Change.EXCLUDED, each.path, None, 0, rule=each.rule))
        for entry in batch.entries:
            key = path_key(entry.path)
            while (row := await self._row()) is not None and row[_KEY] < key:
                self._gone(row)
            if row is None or row[_KEY] != key:
                self._changed(Change.ADDED, entry, entry.size)
                continue
            self._at += 1
            self._join(row, entry)
        row = await self._row()
        for ahead in (self._kept, self._left_out):
            ahead.pass_by(row[_KEY] if row else None)
        return self._batch(tuple(batch.problems))

    async def rest(self) -> DryRunBatch | None:
        """The next of the rows that are left when the walk is over; None: there are none."""
        if await self._row() is None:
            return None
        for row in self._page[self._at :]:
            self._gone(row)
        return self._batch(())

    def losses(self, files: int) -> tuple[guard.Loss, guard.Loss]:
        """What is gone of the version's files, for the rules of `disk.source.guard`."""
        left = self._left or self._excluded > 0
        loss = guard.Loss(max(0, files - self._excluded), self._missing, left=left)
        return loss, loss

    def _batch(self, problems: tuple[Any, ...]) -> DryRunBatch:
        made = DryRunBatch(tuple(self._rows), problems, self._unchanged)
        self._rows, self._unchanged = [], 0
        return made

    async def _row(self) -> Row | None:
        """The first row that is not joined yet."""
        while self._at >= len(self._page):
            if self._is_end:
                return None
            after = self._page[-1][_KEY] if self._page else None
            folder = self._wanted.folder.id
            async with self._wanted.catalogue.transaction() as tx:
                self._page = await planned.page(tx, folder, self._version, after, _PAGE)
            self._at = 0
            self._is_end = not self._page
        return self._page[self._at]

    def _gone(self, row: Row) -> None:
        """A row whose path the walk did not see."""
        self._at += 1
        if row[_PATH] in self._kept:
            self._unchanged += 1
            return
        above = self._left_out.covering(row[_PATH])
        rule = self._left_out.value(above).rule if above is not None else None
        if not (row[_IS_IN_IT] or row[_WAS_IN_IT]):
            return  # an interrupted upload took it in; the last version does not have it
        is_file = row[_KIND] != FileKind.DIRECTORY
        self._excluded += is_file and rule is not None
        self._missing += is_file and rule is None
        gone = DryRunRow(Change.REMOVED, row[_PATH], row[_KIND], row[_SIZE], rule=rule)
        self._rows.append(gone)

    def _join(self, row: Row, entry: Entry) -> None:
        """A row and the entry of its path."""
        is_same = row[:_ENTRY] == entry or self._comparison.is_same(row[:_ENTRY], entry)
        is_read = is_same and row[_STATE] == FileState.PLANNED and not row[_RACY]
        to_post = 0 if is_read else entry.size
        self._left |= entry.kind != FileKind.DIRECTORY
        if row[_IS_IN_IT] and is_same:
            self._unchanged += 1
            if to_post and row[_STATE] != FileState.PLANNED:
                self._changed(Change.MODIFIED, entry, to_post)
                self._unchanged -= 1
        elif row[_IS_IN_IT] or row[_WAS_IN_IT]:
            self._changed(Change.MODIFIED, entry, to_post)
        else:
            self._changed(Change.ADDED, entry, to_post)

    def _changed(self, change: Change, entry: Entry, to_post: int) -> None:
        self._left |= entry.kind != FileKind.DIRECTORY
        is_file = entry.kind == FileKind.REGULAR
        made = DryRunRow(change, entry.path, entry.kind, entry.size, to_post if is_file else 0)
        self._rows.append(made)
