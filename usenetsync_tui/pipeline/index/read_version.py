"""read_version: the entries and objects of a version, from the pages of its runs in a store."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from functools import partial
from typing import TypeVar

from usenetsync_tui.codec.digests import digest_of
from usenetsync_tui.codec.index.attributes import with_meaning
from usenetsync_tui.codec.index.directory import line_of
from usenetsync_tui.codec.index.files_page import read_files
from usenetsync_tui.codec.index.keys import IndexKeys
from usenetsync_tui.codec.index.merging import runs_of
from usenetsync_tui.codec.index.objects_page import read_objects
from usenetsync_tui.codec.index.root import fingerprint
from usenetsync_tui.codec.sealing import open_sealed
from usenetsync_tui.errors import (
    ArticleCorruptError,
    IndexUnreadableError,
    StoreError,
    UnknownSnapshotError,
)
from usenetsync_tui.model.digests import DigestAlgorithm
from usenetsync_tui.model.index.entries import EntryChange, IndexEntry, ObjectPart
from usenetsync_tui.model.index.roots import (
    LEAF,
    IndexRealm,
    IndexRoot,
    IndexRun,
    PageRef,
    PartKey,
    PathKey,
)
from usenetsync_tui.model.ports.stores import Store
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.pipeline.index.pages_of_run import lines_of_root, listed_in

_T = TypeVar("_T")
_KEPT = 4
"""Pages of objects that are kept: the segments of a large file are in one after another."""


class PageLostError(IndexUnreadableError):
    __doc__ = IndexUnreadableError.__doc__
    # No copy of a page can be fetched; what it says of paths or objects is not known.


class VersionReader:
    """Reads one version of a root. Fetches only the pages that are asked for."""

    def __init__(
        self,
        store: Store,
        keys: IndexKeys,
        root: IndexRoot,
        version: int,
        also_known: Callable[[bytes, Sequence[str]], None] | None = None,
    ) -> None:
        """`also_known` hears of an article's further names, before the article is fetched.

        `UnknownSnapshotError` for a version that this root cannot lead to.
        """
        self._store = store
        self._also_known = also_known
        self._keys = keys
        self._root = root
        self.version = version
        known = {root.current.version, *[line.version for line in root.older]}
        self._runs = runs_of(root, version)
        if version not in known or not self._runs:
            raise UnknownSnapshotError(f"Version {version} is not in this index.")
        self._kept: dict[bytes, dict[int, list[ObjectPart]]] = {}
        self.lost: list[tuple[bytes, bytes | None]] = []
        """Ranges of paths whose pages cannot be fetched: the first, and what is above the last."""
        self.fetched = 0
        """Pages fetched so far."""

    async def entries(
        self, start: bytes = b"", until: bytes | None = None
    ) -> AsyncIterator[IndexEntry]:
        """Entries in path order, from a path on to before another; holds one page of each run.

        Paths in pages that cannot be fetched are left out, and `lost` has their ranges.
        """
        streams = [self._files(run, start, until) for run in self._runs]
        heads = [await anext(stream, None) for stream in streams]
        while any(head is not None for head in heads):
            path = min(head.path for head in heads if head is not None)
            newest: IndexEntry | None = None
            for at, head in enumerate(heads):
                if head is not None and head.path == path:
                    newest = head
                    heads[at] = await anext(streams[at], None)
            assert newest is not None
            # An older run may have what a lost page says otherwise.
            if newest.change != EntryChange.REMOVED and not self._is_lost(path):
                yield newest

    def _is_lost(self, path: bytes) -> bool:
        return any(first <= path and (end is None or path < end) for first, end in self.lost)

    async def _files(
        self, run: IndexRun, start: bytes, until: bytes | None
    ) -> AsyncIterator[IndexEntry]:
        before: bytes | None = None
        lines = lines_of_root(run, of_objects=False)
        async for line, end in self._leaves(lines, None, start, until):
            rows = await self._unless_lost(self._files_of(line), line, end)
            for entry in rows or ():
                if before is not None and entry.path <= before:
                    raise IndexUnreadableError("The pages of a run are not in order.")
                before = entry.path
                if entry.path >= start and (until is None or entry.path < until):
                    yield entry

    async def _leaves(
        self, lines: Sequence[PageRef], last: bytes | None, start: bytes, until: bytes | None
    ) -> AsyncIterator[tuple[PageRef, bytes | None]]:
        """The lines of pages of files that can have paths of a range, and what is above each."""
        for line, end in _between(lines, last, start, until):
            if line.level == LEAF:
                yield line, end
                continue
            data = await self._unless_lost(self.page(line), line, end)
            if data is not None:
                async for below in self._leaves(listed_in(line, data), end, start, until):
                    yield below

    async def _unless_lost(
        self, read: Awaitable[_T], line: PageRef, end: bytes | None
    ) -> _T | None:
        """What is read of a page; None, and a note in `lost`, if the page cannot be fetched."""
        try:
            return await read
        except PageLostError:
            assert isinstance(line.first, bytes)
            if (line.first, end) not in self.lost:
                self.lost.append((line.first, end))
            return None

    async def entry(self, path: bytes) -> IndexEntry | None:
        """The entry of one path; None if the version does not have it."""
        for run in reversed(self._runs):
            if run.fingerprints is not None and fingerprint(path) not in run.fingerprints:
                continue
            line = await self._line_of(run, path, of_objects=False)
            rows = await self._files_of(line) if line else []
            found = next((row for row in rows if row.path == path), None)
            if found is not None:
                return None if found.change == EntryChange.REMOVED else found
        return None

    async def part(self, number: int, segment: int = 0) -> ObjectPart:
        """The part of an object that has a segment. `IndexUnreadableError` if there is none."""
        for run in reversed(self._root.runs):  # a later one may tell new names of its articles
            line = await self._line_of(run, (number, segment), of_objects=True)
            rows = await self._parts_of(line) if line else {}
            for row in rows.get(number, ()):
                if row.first <= segment < row.first + len(row.segments):
                    return row
        raise IndexUnreadableError(f"Object {number} is not in the index.")

    async def _line_of(
        self, run: IndexRun, key: PathKey | PartKey, *, of_objects: bool
    ) -> PageRef | None:
        """The only line of a run whose page can have a path, or a part of an object."""
        line = line_of(lines_of_root(run, of_objects=of_objects), key)
        while line is not None and line.level != LEAF:
            line = line_of(listed_in(line, await self.page(line)), key)
        return line

    async def _files_of(self, line: PageRef) -> list[IndexEntry]:
        return [
            with_meaning(entry) if entry.attributes else entry
            for entry in read_files(await self.page(line))
        ]

    async def _parts_of(self, line: PageRef) -> dict[int, list[ObjectPart]]:
        """The parts in a page of objects, by number; those of a few pages are kept."""
        if line.digest not in self._kept:
            found: dict[int, list[ObjectPart]] = {}
            for part in read_objects(await self.page(line), len(self._root.realms)):
                found.setdefault(part.number, []).append(part)
            if len(self._kept) >= _KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[line.digest] = found
        return self._kept[line.digest]

    def realm(self, part: ObjectPart) -> IndexRealm:
        """How the articles of an object are named and opened."""
        return self._root.realms[part.realm]

    async def page(self, line: PageRef) -> bytes:
        """The bytes of a page, from whatever copy can be read. `IndexUnreadableError`."""
        problem: Exception | None = None
        for copy, name in enumerate(line.message_ids):
            if self._also_known is not None and line.aliases and line.aliases[copy]:
                self._also_known(name, line.aliases[copy])
            try:
                data = await self._store.fetch(name, opened=partial(self._opened, line))
            except StoreError as error:
                problem = error
                continue
            self.fetched += 1
            return data
        raise PageLostError(f"{_part(line)} cannot be fetched: {problem}") from problem

    def _opened(self, line: PageRef, payload: bytes) -> bytes:
        data = open_sealed(self._keys.sealing, payload)[1]
        if digest_of(DigestAlgorithm.BLAKE3, data) != line.digest:
            raise ArticleCorruptError("it is another page")
        return data


def _between(
    lines: Sequence[PageRef], last: bytes | None, start: bytes, until: bytes | None
) -> Iterator[tuple[PageRef, bytes | None]]:
    """The lines of a directory of files that can have paths of a range, and what is above each.

    `last`: what is above the directory.
    """
    keys = [line.first for line in lines if isinstance(line.first, bytes)]
    ends = [*keys[1:], last]
    for at in range(max(0, bisect_right(keys, start) - 1), len(keys)):
        if until is not None and keys[at] >= until:
            return
        yield lines[at], ends[at]


def _part(line: PageRef) -> str:
    """What a page has, in words."""
    if isinstance(line.first, bytes):
        return f'The part of the index with the paths from "{safe_name(line.first)}" on'
    return f"The part of the index with the articles from object {line.first[0]} on"
