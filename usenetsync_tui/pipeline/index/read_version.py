"""read_version: the entries and objects of a version, from the pages of its runs in a store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial

from usenetsync_tui.codec.digests import digest_of
from usenetsync_tui.codec.index.directory import line_of
from usenetsync_tui.codec.index.files_page import read_files
from usenetsync_tui.codec.index.keys import IndexKeys
from usenetsync_tui.codec.index.merging import runs_of
from usenetsync_tui.codec.index.objects_page import read_objects
from usenetsync_tui.codec.index.root import fingerprint
from usenetsync_tui.codec.sealing import open_sealed
from usenetsync_tui.errors import (
    ArticleCorruptError,
    ArticleMissingError,
    IndexUnreadableError,
    UnknownSnapshotError,
)
from usenetsync_tui.model.digests import DigestAlgorithm
from usenetsync_tui.model.index_entries import EntryChange, IndexEntry, ObjectPart
from usenetsync_tui.model.index_roots import IndexRealm, IndexRoot, IndexRun, PageRef
from usenetsync_tui.model.ports import Store


class VersionReader:
    """Reads one version of a root. Fetches only the pages that are asked for."""

    def __init__(self, store: Store, keys: IndexKeys, root: IndexRoot, version: int) -> None:
        """`UnknownSnapshotError` for a version that this root cannot lead to."""
        self._store = store
        self._keys = keys
        self._root = root
        known = {root.current.version, *[line.version for line in root.older]}
        self._runs = runs_of(root, version)
        if version not in known or not self._runs:
            raise UnknownSnapshotError(f"Version {version} is not in this index.")
        self.fetched = 0
        """Pages fetched so far."""

    async def entries(self) -> AsyncIterator[IndexEntry]:
        """All entries in path order; holds one page of each run."""
        streams = [self._files(run) for run in self._runs]
        heads = [await anext(stream, None) for stream in streams]
        while any(head is not None for head in heads):
            path = min(head.path for head in heads if head is not None)
            newest: IndexEntry | None = None
            for at, head in enumerate(heads):
                if head is not None and head.path == path:
                    newest = head
                    heads[at] = await anext(streams[at], None)
            assert newest is not None
            if newest.change != EntryChange.REMOVED:
                yield newest

    async def _files(self, run: IndexRun) -> AsyncIterator[IndexEntry]:
        before: bytes | None = None
        for line in run.pages:
            if line.of_objects:
                continue
            for entry in read_files(await self.page(line)):
                if before is not None and entry.path <= before:
                    raise IndexUnreadableError("The pages of a run are not in order.")
                before = entry.path
                yield entry

    async def entry(self, path: bytes) -> IndexEntry | None:
        """The entry of one path; None if the version does not have it."""
        for run in reversed(self._runs):
            if run.fingerprints is not None and fingerprint(path) not in run.fingerprints:
                continue
            line = line_of([each for each in run.pages if not each.of_objects], path)
            rows = read_files(await self.page(line)) if line else []
            found = next((row for row in rows if row.path == path), None)
            if found is not None:
                return None if found.change == EntryChange.REMOVED else found
        return None

    async def part(self, number: int, segment: int = 0) -> ObjectPart:
        """The part of an object that has a segment. `IndexUnreadableError` if there is none."""
        for run in reversed(self._root.runs):  # a later one may tell new names of its articles
            line = line_of([each for each in run.pages if each.of_objects], (number, segment))
            rows = []
            if line is not None:
                rows = read_objects(await self.page(line), len(self._root.realms))
            for row in rows:
                if row.number == number and row.first <= segment < row.first + len(row.segments):
                    return row
        raise IndexUnreadableError(f"Object {number} is not in the index.")

    def realm(self, part: ObjectPart) -> IndexRealm:
        """How the articles of an object are named and opened."""
        return self._root.realms[part.realm]

    async def page(self, line: PageRef) -> bytes:
        """The bytes of a page, from whatever copy can be read. `IndexUnreadableError`."""
        problem: Exception | None = None
        for name in line.message_ids:
            try:
                data = await self._store.fetch(name, opened=partial(self._opened, line))
            except (ArticleMissingError, ArticleCorruptError) as error:
                problem = error
                continue
            self.fetched += 1
            return data
        raise IndexUnreadableError("A page of it cannot be fetched.") from problem

    def _opened(self, line: PageRef, payload: bytes) -> bytes:
        data = open_sealed(self._keys.sealing, payload)[1]
        if digest_of(DigestAlgorithm.BLAKE3, data) != line.digest:
            raise ArticleCorruptError("it is another page")
        return data
