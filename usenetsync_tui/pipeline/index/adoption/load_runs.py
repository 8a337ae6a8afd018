"""load_runs: the rows of a folder from the runs of a root, in one transaction of the catalogue.

Pages are fetched ahead and decoded in threads, and go into the tables by COPY, also in a thread. So
memory holds a few pages, whatever the size of the folder. Checks what no single page shows: that
the pages of a run follow one another, and that it has what the root says.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise

from usenetsync_tui.catalogue.tables.index import adopted, adopted_rows, posted
from usenetsync_tui.catalogue.tables.index.adopted_rows import FileRows
from usenetsync_tui.catalogue.tables.index.posted import PageRow, RunRow
from usenetsync_tui.codec.index.files_columns import FilesColumns
from usenetsync_tui.codec.index.files_reading import read_columns
from usenetsync_tui.codec.index.objects_page import read_objects
from usenetsync_tui.errors import IndexUnreadableError
from usenetsync_tui.model.digests import DigestAlgorithm
from usenetsync_tui.model.index.entries import IndexEntry, ObjectPart
from usenetsync_tui.model.index.roots import IndexRoot, IndexRun, PageRef, PartKey, PathKey
from usenetsync_tui.pipeline.index.adoption.adopted_pages import Place, keep_page
from usenetsync_tui.pipeline.index.adoption.load_progress import LoadProgress
from usenetsync_tui.pipeline.index.adoption.pages_ahead import PagesAhead, Wants, everything, lines
from usenetsync_tui.pipeline.index.read_version import VersionReader

Among = Callable[[Sequence[bytes]], Sequence[int]]
"""Which of some paths of a run are wanted."""


@dataclass(frozen=True, slots=True)
class FilesRows:
    """The rows of a page of files."""

    rows: FileRows
    first: bytes
    last: bytes
    count: int
    wanted: Sequence[bytes]
    """The wanted paths, if only some are."""


@dataclass(frozen=True, slots=True)
class ObjectsRows:
    """The rows of a page of objects."""

    rows: list[bytes]
    parts: list[bytes]
    aliases: list[tuple[bytes, str, bool]]
    spans: list[tuple[int, int, int]]
    """Number, first segment and the one after the last, of each part."""
    numbers: set[int]


@dataclass(slots=True)
class LostParts:
    """Pages that no copy has, of the runs that were loaded so far."""

    ranges: set[tuple[bytes, bytes | None]] = field(default_factory=set)
    """Of paths: the first one, and what is above the last; None: nothing is."""
    of_objects: bool = False

    def add(self, line: PageRef, end: PathKey | PartKey | None) -> None:
        """A page is lost: `pages_ahead.Lost`."""
        if isinstance(line.first, bytes):
            self.ranges.add((line.first, end if isinstance(end, bytes) else None))
        self.of_objects |= line.of_objects

    def __bool__(self) -> bool:
        return self.of_objects or bool(self.ranges)


class RunLoader:
    """Loads runs of a root, oldest first, into a folder."""

    def __init__(
        self, place: Place, root: IndexRoot, reader: VersionReader, progress: LoadProgress
    ) -> None:
        self._place = place
        self._root = root
        self._reader = reader
        self._progress = progress
        self.lost: LostParts | None = None
        """Where lost pages are noted, which are left out; None: they are errors."""
        self._digests = [DigestAlgorithm(realm.digest) for realm in root.realms]
        finished = {line.version: line.finished_us for line in (*root.older, root.current)}
        self._finished_us = finished

    async def files(
        self,
        pages: PagesAhead[FilesRows],
        run: IndexRun,
        *,
        is_first: bool,
        wants: Wants = everything,
        among: Among | None = None,
        keep: bool = True,
    ) -> list[bytes]:
        """Load the files of a run; returns the paths of the wanted ones if only some are.

        `among`: chooses the wanted rows of a page; None: all. `keep`: keep the pages.
        """
        place, found = self._place, list[bytes]()
        count, numbers, last = 0, Counter[int](), None

        async def use(line: PageRef, data: bytes, made: FilesRows | None) -> None:
            nonlocal count, last
            if keep:
                await self._keep(run, numbers[line.level], line, data)
            numbers[line.level] += 1
            if made is None:
                return
            if last is not None and made.count and made.first <= last:
                raise IndexUnreadableError("The pages of a run are not in order.")
            if run.is_base and made.rows.removed:
                raise IndexUnreadableError("A base says that a path was removed.")
            last, count = made.last, count + made.count
            found.extend(made.wanted)
            add = adopted.add_files if is_first else adopted.stage_files
            await self._aside(lambda: add(place.tx, place.folder, made.rows))
            self._progress.files += len(made.rows.rows) + len(made.rows.undigested)
            self._progress.done_bytes += line.size

        lost = None if self.lost is None else self.lost.add
        wanted = lines(self._reader, run.pages, of_objects=False, wants=wants, lost=lost)
        with _naming(run, "files"):
            await pages.each(wanted, lambda data: self._made_files(data, run, among), use, lost)
        if among is None and count != run.files and not self.lost:
            raise IndexUnreadableError(
                f"The run of version {run.version} has {count} paths, and its root says "
                f"{run.files}. Nothing was adopted."
            )
        if not is_first:
            end = adopted.end_base if run.is_base and among is None else adopted.end_delta
            await self._aside(lambda: end(place.tx, place.folder, run.version))
        return found

    async def entries(self, entries: Sequence[IndexEntry], version: int) -> None:
        """Load single entries, as files of a version."""
        rows, place = self._rows(FilesColumns.of(entries), version), self._place
        await self._aside(lambda: adopted.add_files(place.tx, place.folder, rows))

    def _made_files(self, data: bytes, run: IndexRun, among: Among | None) -> FilesRows:
        """In a thread."""
        every = read_columns(data)
        wanted = every if among is None else every.only(among(every.paths))
        first, last = (every.paths[0], every.paths[-1]) if every.paths else (b"", b"")
        some = [] if among is None else wanted.paths
        return FilesRows(self._rows(wanted, run.version), first, last, len(every.paths), some)

    def _rows(self, columns: FilesColumns, version: int) -> FileRows:
        if max(filter(None, columns.objects), default=0) >= self._root.next_object:
            raise IndexUnreadableError("A file is in an object that the root does not know of.")
        try:
            return adopted_rows.file_rows(columns, self._place.folder, version, self._place.offset)
        except struct.error as error:
            raise IndexUnreadableError("A file has an impossible number.") from error

    async def objects(
        self,
        pages: PagesAhead[ObjectsRows],
        run: IndexRun,
        *,
        is_first: bool,
        wants: Wants = everything,
        has: Callable[[int], bool] | None = None,
        keep: bool = True,
    ) -> set[int]:
        """Load the objects of a run; returns the numbers of the wanted ones if only some are.

        `has`: whether an object is wanted; None: all are. `keep`: keep the pages.
        """
        place, found = self._place, set[int]()
        count, numbers, before = 0, Counter[int](), (0, 0, 0)

        async def use(line: PageRef, data: bytes, made: ObjectsRows | None) -> None:
            nonlocal count, before
            if keep:
                await self._keep(run, numbers[line.level], line, data)
            numbers[line.level] += 1
            if made is None:
                return
            for then, now in pairwise([before, *made.spans]):
                if now[0] < then[0] or (now[0] == then[0] and now[1] < then[2]):
                    raise IndexUnreadableError("A run has an object twice.")
            count += len(made.spans)
            begun = {each + place.offset for each in made.numbers if each != before[0]}
            before = made.spans[-1] if made.spans else before
            if has is not None:
                found.update(made.numbers)
            replaced = set() if is_first else begun

            async def add() -> None:
                await adopted.add_objects(place.tx, made.rows, made.parts, replaced)
                await adopted.add_aliases(place.tx, made.aliases)

            await self._aside(add)
            self._progress.done_bytes += line.size

        lost = None if self.lost is None else self.lost.add
        wanted = lines(self._reader, run.pages, of_objects=True, wants=wants, lost=lost)
        with _naming(run, "objects"):
            await pages.each(wanted, lambda data: self._made_objects(data, run, has), use, lost)
        if has is None and count != run.objects and not self.lost:
            raise IndexUnreadableError(
                f"The run of version {run.version} has {count} objects, and its root says "
                f"{run.objects}. Nothing was adopted."
            )
        return found

    def _made_objects(
        self, data: bytes, run: IndexRun, has: Callable[[int], bool] | None
    ) -> ObjectsRows:
        """In a thread."""
        every = read_objects(data, len(self._place.realms))
        parts = every if has is None else [part for part in every if has(part.number)]
        if every and every[-1].number >= self._root.next_object:
            raise IndexUnreadableError("An object has a number that the root does not know of.")
        try:
            rows, objects_ = adopted_rows.object_rows(
                parts,
                self._place.realms,
                self._digests,
                self._finished_us.get(run.version, self._root.current.finished_us),
                self._place.offset,
            )
        except struct.error as error:
            raise IndexUnreadableError("An article has an impossible size.") from error
        spans = [(part.number, part.first, part.first + len(part.segments)) for part in every]
        _refuse_other_shapes(parts)
        numbers = {part.number for part in parts}
        return ObjectsRows(rows, objects_, adopted_rows.alias_rows(parts), spans, numbers)

    async def keep_run(self, run: IndexRun) -> None:
        """Record a run whose pages are loaded."""
        prints = run.fingerprints
        data = None if prints is None else b"".join([p.to_bytes(4) for p in sorted(prints)])
        row = RunRow(
            run.version,
            run.is_base,
            run.files,
            run.objects,
            run.size,
            data,
            amendment=self._amendment(run),
        )
        await posted.add_run(self._place.tx, self._place.folder, self._place.index_realm, row)

    def _amendment(self, run: IndexRun) -> int:
        """The number of a run among those of its version."""
        of_version = [each for each in self._root.runs if each.version == run.version]
        return next(number for number, each in enumerate(of_version) if each is run)

    async def _keep(self, run: IndexRun, number: int, line: PageRef, data: bytes) -> None:
        first = line.first
        path, key = (first, (None, None)) if isinstance(first, bytes) else (None, first)
        amendment = self._amendment(run)
        page = PageRow(data, line.level, number, line.of_objects, path, *key)._replace(
            amendment=amendment
        )
        await keep_page(self._place, run.version, page, line.digest, line.message_ids)
        aliases = [
            (name, alias, not at)
            for name, texts in zip(line.message_ids, line.aliases, strict=False)
            for at, alias in enumerate(texts)
        ]
        if aliases:
            await adopted.add_aliases(self._place.tx, aliases)

    async def _aside(self, work: Callable[[], Coroutine[object, object, None]]) -> None:
        await self._place.catalogue.aside(self._place.tx, work)


@contextmanager
def _naming(run: IndexRun, what: str) -> Iterator[None]:
    """Say in an error which part of the index cannot be read."""
    try:
        yield
    except IndexUnreadableError as error:
        part = f"The list of the {what} of version {run.version}"
        words = " ".join(str(each) for each in error.args)
        raise IndexUnreadableError(f"{part}: {words} Nothing was adopted.") from error


def _refuse_other_shapes(parts: Sequence[ObjectPart]) -> None:
    for one, other in pairwise(parts):
        if one.number == other.number and one[1:5] != other[1:5]:
            raise IndexUnreadableError("An object has two sizes.")
