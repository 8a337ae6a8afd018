"""plan_run: which run a version gets, and its pages, recorded before anything is sent.

One transaction, carried out by a thread: a run is planned whole or not at all. Memory holds a batch
of rows and the pages under way, whatever the size of the folder.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from usenetsync_tui.catalogue.lookups.index_rows import Since
from usenetsync_tui.catalogue.session import Transaction
from usenetsync_tui.catalogue.tables.index import changes, posted
from usenetsync_tui.catalogue.tables.index.posted import PageRow, RunRow
from usenetsync_tui.codec.index.cutting import CutPage, FilesCutter, ObjectsCutter
from usenetsync_tui.codec.index.files_columns import FilesColumns
from usenetsync_tui.codec.index.root import fingerprint
from usenetsync_tui.model.index.roots import LEAF
from usenetsync_tui.pipeline.index.files_of_run import files_of_run
from usenetsync_tui.pipeline.index.objects_of_run import objects_of_run
from usenetsync_tui.pipeline.index.plan_pages import add_pages
from usenetsync_tui.pipeline.index.sizes import MOST_DELTAS, few, page_target
from usenetsync_tui.pipeline.run.job_run import JobRun

_Rows = TypeVar("_Rows")
BASE_SHARE = 4
"""A new base is due when the deltas have more than this part of the base's bytes."""


def is_base_due(runs: Sequence[RunRow]) -> bool:
    """Whether the next run must be a base, after these: a base and its deltas."""
    if not runs:
        return True
    deltas = runs[1:]
    return len(deltas) >= MOST_DELTAS or sum(d.size for d in deltas) * BASE_SHARE > runs[0].size


async def plan_run(run: JobRun, version: int, *, amends: bool = False) -> None:
    """Plan all pages of the run of a version. `run`: in the realm of the folder's index.

    `amends`: a further run of the version, with the new names of articles.
    """
    folder, realm = run.folder.id, run.open_realm.realm.id
    at = await changes.moment(run.catalogue)

    async def plan(tx: Transaction) -> None:
        await posted.forget_unfinished(tx, folder)
        before = await posted.runs(tx, folder, realm, version if amends else version - 1)
        offset = await posted.object_offset(tx, folder)
        what = Since(folder, version, 0, offset=offset)
        if amends or not (is_base_due(before) or await posted.is_forgotten(tx, folder, before[-1])):
            last, base = before[-1], before[0]
            what = Since(folder, version, last.version, base.version, last.at, offset)
        amendment = before[-1].amendment + 1 if amends else 0
        row = await _Planning(tx, run, what, amendment).planned()
        await posted.add_run(tx, folder, realm, row._replace(at=at))

    await run.catalogue.in_thread(plan, durable=True)


@dataclass(slots=True)
class _Planning:
    """A run that is being planned."""

    tx: Transaction
    run: JobRun
    what: Since
    amendment: int
    files: int = 0
    objects: int = 0
    size: int = 0
    pages: dict[bool, int] = field(default_factory=lambda: {False: 0, True: 0})
    fingerprints: set[int] | None = field(default_factory=set)

    async def planned(self) -> RunRow:
        """Plan all of its pages; returns its row."""
        target = page_target(self.run.limits.chunk_size)
        files, objects = FilesCutter(target), ObjectsCutter(target)

        def cut_files(made: Callable[[], FilesColumns]) -> list[CutPage]:
            batch = made()
            self._count(batch.paths)
            return files.add(batch)

        with _Cutting(cut_files, files.finish) as cutting:
            async for batch in files_of_run(self.tx, self.what):
                await self._keep(cutting.cut(batch))
            await self._keep(cutting.rest())
        with _Cutting(objects.add, objects.finish) as others:
            async for found in objects_of_run(self.tx, self.what):
                self.objects += len(found)
                await self._keep(others.cut(found))
            await self._keep(others.rest())
        prints = self.fingerprints
        data = None if prints is None else b"".join([p.to_bytes(4) for p in sorted(prints)])
        return RunRow(
            self.what.version,
            not self.what.since,
            self.files,
            self.objects,
            self.size,
            data,
            amendment=self.amendment,
        )

    def _count(self, paths: Sequence[bytes]) -> None:
        self.files += len(paths)
        if self.fingerprints is not None:
            self.fingerprints.update(map(fingerprint, paths))
            if len(self.fingerprints) > few(self.run.limits.chunk_size):
                self.fingerprints = None

    async def _keep(self, pages: Sequence[CutPage]) -> None:
        rows = [self._row(page) for page in pages]
        if rows:
            await add_pages(self.tx, self.run, self.what.version, rows)

    def _row(self, page: CutPage) -> PageRow:
        first, number = page.first, self.pages[page.of_objects]
        path, key = (first, (None, None)) if isinstance(first, bytes) else (None, first)
        self.pages[page.of_objects] += 1
        self.size += len(page.data)
        return PageRow(page.data, LEAF, number, page.of_objects, path, *key)._replace(
            amendment=self.amendment
        )


class _Cutting(Generic[_Rows]):
    """Cuts rows into pages in a thread of its own while the caller reads the next ones.

    zlib compresses, and the database answers, without the interpreter's lock.
    """

    def __init__(
        self, add: Callable[[_Rows], list[CutPage]], finish: Callable[[], CutPage | None]
    ) -> None:
        """`add`, `finish`: as those of `FilesCutter` and `ObjectsCutter`."""
        self._add, self._finish = add, finish
        self._threads = ThreadPoolExecutor(1, "index pages")
        self._pages: Future[list[CutPage]] | None = None

    def __enter__(self) -> _Cutting[_Rows]:
        return self

    def __exit__(self, *error: object) -> None:
        self._threads.shutdown()

    def cut(self, rows: _Rows) -> list[CutPage]:
        """Begin to cut some rows; returns the pages that those before made."""
        made = self._made()
        self._pages = self._threads.submit(self._add, rows)
        return made

    def rest(self) -> list[CutPage]:
        """The pages that are left."""
        made, last = self._made(), self._finish()
        return made if last is None else [*made, last]

    def _made(self) -> list[CutPage]:
        return [] if self._pages is None else self._pages.result()
