"""What the screen asks of a big catalogue, timed: the second half of `big_catalogue`."""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable, Callable
from math import ceil

from usenetsync_tui.catalogue.lookups import causes
from usenetsync_tui.catalogue.lookups.browse import CatalogueBrowser
from usenetsync_tui.catalogue.session import Catalogue, Transaction
from usenetsync_tui.catalogue.tables import bulk
from usenetsync_tui.model.lists.files import (
    FileAction,
    FileFilter,
    FileOrder,
    FileQuery,
    FileSelection,
    FileView,
)

_PAGE, _BATCH, _BULK = 1_000, 1_000, 100_000
_FILTERS = {
    "a word in many names": FileFilter(words=(b"scans",)),
    "two words": FileFilter(words=(b"scans", b"99")),
    "a word in one name": FileFilter(words=(b"img_0123457",)),
    "a word in none": FileFilter(words=(b"no such word",)),
    "failed": FileFilter(view=FileView.FAILED),
    "posting": FileFilter(view=FileView.POSTING),
    "queued": FileFilter(view=FileView.QUEUED),
    "done": FileFilter(view=FileView.DONE),
    "over 1 GB": FileFilter(min_size=10**9),
}

Question = Callable[[], Awaitable[object]]


class Asked:
    """What each question took, by its title and unit."""

    def __init__(self) -> None:
        self.found: dict[str, float] = {}

    async def ask(self, what: str, times: int, question: Question) -> None:
        """Ask some times, one after the other."""
        took = []
        for _ in range(times):
            begin = time.perf_counter()
            await question()
            took.append((time.perf_counter() - begin) * 1000)
        self.report(what, took)

    def report(self, what: str, took: list[float]) -> None:
        """Milliseconds."""
        took = sorted(took)
        for name, share in (("p50", 0.5), ("p95", 0.95)):
            self.found[f"{what}, {name} [ms]"] = took[ceil(len(took) * share) - 1]


async def figures(catalogue: Catalogue, conninfo: str) -> dict[str, float]:
    """What each question takes; what bulk actions change is undone."""
    asked = Asked()
    rng = random.Random(1)
    browser = CatalogueBrowser(conninfo, "benchmark")
    try:
        (folder,) = await browser.folders()
        version = (await browser.snapshots(folder.id))[-1].version
        await _lists(asked, browser, conninfo, FileQuery(folder.id, version), rng)
        await _filters(asked, browser, folder.id, version)
        await _others(asked, catalogue, browser, folder.id, version)
        await _articles(asked, catalogue, browser, rng)
    finally:
        await browser.close()
    await _bulk(asked, catalogue, folder.id, version)
    return asked.found


async def _lists(
    asked: Asked, browser: CatalogueBrowser, conninfo: str, query: FileQuery, rng: random.Random
) -> None:
    async def opened() -> None:
        fresh = CatalogueBrowser(conninfo, "benchmark")
        await fresh.files(query, None, _PAGE)
        await fresh.close()

    await asked.ask("connect, first page", 20, opened)
    for order in FileOrder:
        for reverse in (False, True):
            listed = FileQuery(query.folder_id, query.version, order=order, reverse=reverse)
            name = f"by {order}{', reversed' if reverse else ''}"
            times = 200 if order is FileOrder.PATH else 10
            keys = (await browser.file_directory(listed, _PAGE)).keys
            await asked.ask(
                f"{name}: first page", times, lambda q=listed: browser.files(q, None, _PAGE)
            )
            await asked.ask(
                f"{name}: page anywhere",
                times,
                lambda q=listed, k=keys: browser.files(q, rng.choice(k), _PAGE),
            )
            await asked.ask(
                f"{name}: directory", 5, lambda q=listed: browser.file_directory(q, _PAGE)
            )


async def _filters(asked: Asked, browser: CatalogueBrowser, folder: int, version: int) -> None:
    for name, wanted in _FILTERS.items():
        query = FileQuery(folder, version, wanted)
        await asked.ask(f"{name}: first page", 5, lambda q=query: browser.files(q, None, _PAGE))
        await asked.ask(f"{name}: count", 5, lambda q=query: browser.file_directory(q, _PAGE))


async def _causes(catalogue: Catalogue, folder: int) -> None:
    async with catalogue.transaction() as tx:
        await causes.of_folder(tx, folder, 50)


async def _others(
    asked: Asked, catalogue: Catalogue, browser: CatalogueBrowser, folder: int, version: int
) -> None:
    async def walked() -> None:
        rows = await browser.changes(folder, version - 1, version, None, _PAGE)
        await browser.changes(folder, version - 1, version, rows[-1].path, _PAGE)

    await asked.ask("changes: two pages", 10, walked)
    # Not over the browser: that does not count again at once.
    await asked.ask("causes", 10, lambda: _causes(catalogue, folder))
    for cause in await browser.causes(folder, 50):
        name = f"affected by {cause.reason}"[:50]
        await asked.ask(name, 5, lambda c=cause: browser.affected_paths(folder, c, None, 50))
    await asked.ask("database", 10, browser.database)


async def _articles(
    asked: Asked, catalogue: Catalogue, browser: CatalogueBrowser, rng: random.Random
) -> None:
    async with catalogue.transaction() as tx:
        rows = await tx.fetch(
            """SELECT o.id FROM objects o
                WHERE o.segments > %(page)s AND EXISTS (
                      SELECT FROM segments s
                       WHERE s.object_id = o.id AND s.segment_index = %(page)s)
                LIMIT 1000""",
            {"page": _PAGE},
        )
    if rows:
        ids = [row[0] for row in rows]
        await asked.ask(
            "articles: page", 50, lambda: browser.articles(rng.choice(ids), (0, 0), _PAGE)
        )
        await asked.ask("articles: count", 50, lambda: browser.article_count(rng.choice(ids)))


class _UndoneError(Exception):
    """Ends the transaction of what is only tried."""


async def _bulk(asked: Asked, catalogue: Catalogue, folder: int, version: int) -> None:
    """Hold so many files and retry them, then undo it."""
    try:
        async with catalogue.transaction() as tx:
            values = {"folder": folder, "version": version, "limit": _BULK}
            rows = await tx.fetch(
                """UPDATE files SET state = 0
                    WHERE (folder_id, path_key, first_version) IN (
                          SELECT folder_id, path_key, first_version FROM files
                           WHERE folder_id = %(folder)s AND kind = 0 AND state = 1
                             AND last_version IS NULL ORDER BY path_key LIMIT %(limit)s)
                RETURNING path_key""",
                values,
            )
            paths = [row[0] for row in rows]
            for action in (FileAction.HOLD, FileAction.RETRY):
                everything = FileSelection(folder, version, ranges=((b"", max(paths)),))
                await _act(asked, tx, everything, action)
            raise _UndoneError
    except _UndoneError:
        async with catalogue.pool.connection() as connection:
            await connection.execute("VACUUM files")


async def _act(asked: Asked, tx: Transaction, selection: FileSelection, action: FileAction) -> None:
    begin = time.perf_counter()
    meant = await bulk.count(tx, selection, action)
    asked.report(f"{action} {meant:,} files: count", [(time.perf_counter() - begin) * 1000])
    took, after, changed = [], None, 0
    while True:
        started = time.perf_counter()
        batch = await bulk.act(tx, selection, action, after, _BATCH)
        took.append((time.perf_counter() - started) * 1000)
        changed += len(batch.changed)
        if batch.last is None:
            break
        after = batch.last
    asked.report(f"{action}: a batch of {_BATCH:,}", took)
    asked.found[f"{action}: changed [files]"] = changed
