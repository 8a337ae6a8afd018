"""loading: the runs of one root on their way into the tables, all of them or a part of a version.

Knows in which order runs are loaded, and which pages a part takes. Refuses to know the rows
(`load_runs`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set

from usenetsync_tui.catalogue.tables.index import adopted as rows
from usenetsync_tui.codec.index.keys import IndexKeys
from usenetsync_tui.model.index.roots import IndexRoot, PageRef
from usenetsync_tui.model.ports.stores import Store
from usenetsync_tui.pipeline.index.adoption.adopted_pages import Place
from usenetsync_tui.pipeline.index.adoption.load_progress import LoadProgress
from usenetsync_tui.pipeline.index.adoption.load_runs import (
    FilesRows,
    LostParts,
    ObjectsRows,
    RunLoader,
)
from usenetsync_tui.pipeline.index.adoption.pages_ahead import PagesAhead
from usenetsync_tui.pipeline.index.adoption.root_chain import Link
from usenetsync_tui.pipeline.index.adoption.wanted import WantedDirectories, WantedObjects
from usenetsync_tui.pipeline.index.read_version import VersionReader
from usenetsync_tui.pipeline.run.budget import Budget

_CONNECTIONS = 8
"""Pages to fetch at once from a store that does not say."""
_MOST_CONNECTIONS = 32
_MEMORY = 256 << 20
"""Bytes of memory for pages that are fetched ahead."""


class RememberingReader(VersionReader):
    """Fetches no page twice of the few that a part of a version takes."""

    _REMEMBERED = 16

    def __init__(
        self,
        store: Store,
        keys: IndexKeys,
        root: IndexRoot,
        version: int,
        also_known: Callable[[bytes, Sequence[str]], None] | None,
    ) -> None:
        super().__init__(store, keys, root, version, also_known)
        self._pages: dict[bytes, bytes] = {}

    async def page(self, line: PageRef) -> bytes:
        """The bytes of a page; errors as of `VersionReader`."""
        data = self._pages.get(line.digest)
        if data is None:
            data = self._pages[line.digest] = await super().page(line)
            if len(self._pages) > self._REMEMBERED:
                del self._pages[next(iter(self._pages))]
        return data


class Loading:
    """The runs of one root on their way into the tables."""

    def __init__(
        self,
        place: Place,
        link: Link,
        reader: VersionReader,
        lanes: int | None,
        progress: LoadProgress,
    ) -> None:
        self._place = place
        self._link = link
        self._reader = reader
        self._loader = RunLoader(place, link.root, reader, progress)
        connections = min(lanes or _CONNECTIONS, _MOST_CONNECTIONS)
        budget = Budget(_MEMORY)
        self._files = PagesAhead[FilesRows](reader, connections, budget)
        self._objects = PagesAhead[ObjectsRows](reader, connections, budget)

    async def whole(self, *, is_first: bool, keep: bool, lost: LostParts | None = None) -> None:
        """Load all runs. `is_first`: the folder has no files yet; `keep`: keep the index.

        `lost`: gets the pages that cannot be fetched; None: these are errors.
        """
        self._loader.lost = lost
        for run in self._link.runs:
            await self._loader.objects(self._objects, run, is_first=is_first, keep=keep)
            await self._loader.files(self._files, run, is_first=is_first, keep=keep)
            if keep:
                await self._loader.keep_run(run)
            is_first = False
        if not keep:
            await self._newer_names()

    async def _newer_names(self) -> None:
        """Load what runs of later versions say of the objects: new names of their articles."""
        later = [run for run in self._link.root.runs if run not in self._link.runs]
        if not later:
            return
        needed = await rows.needed(self._place.tx, self._place.folder)
        objects = WantedObjects([each - self._place.offset for each in needed])
        for run in later:  # oldest first: each replaces what those before it said
            await self._loader.objects(
                self._objects,
                run,
                is_first=False,
                wants=objects.wants,
                has=objects.has,
                keep=False,
            )

    async def part(self, names: Set[bytes]) -> None:
        """Load what is at or below some paths, from as few pages as possible."""
        entries = [await self._reader.entry(name) for name in sorted(names)]
        files = [entry for entry in entries if entry is not None]
        await self._loader.entries(files, self._link.runs[0].version)
        directories = WantedDirectories(names - {entry.path for entry in files})
        is_first = not files
        for run in self._link.runs:
            directories.look_into(run)
            found = await self._loader.files(
                self._files,
                run,
                is_first=is_first,
                wants=directories.wants,
                among=directories.among,
                keep=False,
            )
            directories.found(found)
            is_first = False
        needed = await rows.needed(self._place.tx, self._place.folder)
        objects = WantedObjects([each - self._place.offset for each in needed])
        for run in reversed(self._link.root.runs):  # a later one may tell new names of articles
            if not objects:
                break
            described = await self._loader.objects(
                self._objects,
                run,
                is_first=True,
                wants=objects.wants,
                has=objects.has,
                keep=False,
            )
            objects.end_run(described)
        await self._place.catalogue.aside(
            self._place.tx, lambda: rows.set_digests(self._place.tx, self._place.folder)
        )
