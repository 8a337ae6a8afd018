"""plan_directories: the page directories of the runs that a root is about to list.

A run of few pages needs none: the root has their lines. Those of more pages are cut into
directories, level by level. A directory is made when all pages in it are posted, since an article
may get another name until then; and it is made again, for this and later roots, when one of them
has got another name. Directories are pages like others: same articles, checks and repair.
"""

from __future__ import annotations

from collections.abc import Sequence

from usenetsync_tui.catalogue.lookups import index_rows
from usenetsync_tui.catalogue.session import Transaction
from usenetsync_tui.catalogue.tables.index import posted
from usenetsync_tui.catalogue.tables.index.posted import LineRow, PageRow, RunRow
from usenetsync_tui.codec.index.directory import (
    directory_size,
    grouped,
    read_directory,
    write_directory,
)
from usenetsync_tui.model.index.roots import HIGHEST_LEVEL, LEAF, PageRef
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.pipeline.index.plan_pages import add_pages
from usenetsync_tui.pipeline.index.sizes import page_target, share_of_root
from usenetsync_tui.pipeline.run.job_run import JobRun


async def plan_directories(run: JobRun, version: int) -> bool:
    """Plan the next level of directories; False if the root of a version can be made as it is.

    After True, post them and call it again. `run`: in the realm of the folder's index.
    """

    async def plan(tx: Transaction) -> bool:
        planned = False
        realm = run.open_realm.realm.id
        for row in await posted.runs(tx, run.folder.id, realm, version):
            for of_objects in (False, True):
                pages = _Pages(run.folder.id, realm, row, of_objects)
                planned = await _plan_next(tx, run, pages) or planned
        return planned

    return await run.catalogue.in_thread(plan, durable=True)


@value_object
class _Pages:
    """The pages of files, or of objects, of a run."""

    folder: int
    realm: int
    run: RunRow
    of_objects: bool

    async def lines(self, tx: Transaction, level: int) -> list[PageRef]:
        """The lines of a level, as a directory of the next level must have them."""
        found = await posted.lines_of_level(
            tx, self.folder, self.realm, self.run, level, of_objects=self.of_objects
        )
        names = [name for row in found for name in row.message_ids]
        aliases = await index_rows.aliases(tx, names)
        return [page_ref(row, aliases) for row in found]

    async def directories(self, tx: Transaction, level: int) -> dict[bytes, int]:
        """The directories of a level: their bytes and objects, in order."""
        return await posted.directories(
            tx, self.folder, self.realm, self.run, level, of_objects=self.of_objects
        )


async def _plan_next(tx: Transaction, run: JobRun, pages: _Pages) -> bool:
    """Plan the lowest level that lacks directories, or whose directories are of other names."""
    chunk = run.limits.chunk_size
    for level in range(LEAF, HIGHEST_LEVEL):
        lines = await pages.lines(tx, level)
        there = await pages.directories(tx, level + 1)
        listed = [line for data in there for line in read_directory(data, level + 1)]
        if listed == lines and listed:
            continue
        groups = [*grouped(lines, page_target(chunk))]
        is_small = len(lines) <= 1 or directory_size(lines) <= share_of_root(chunk)
        if not listed and (is_small or len(groups) == len(lines)):
            return False
        amendment = pages.run.amendment
        rows = [_row(group, level + 1, number, amendment) for number, group in enumerate(groups)]
        made = {row.data for row in rows}
        await posted.replace_pages(tx, [page for data, page in there.items() if data not in made])
        await add_pages(tx, run, pages.run.version, [row for row in rows if row.data not in there])
        return True
    return False


def _row(lines: Sequence[PageRef], level: int, number: int, amendment: int) -> PageRow:
    first = lines[0].first
    path, key = (first, (None, None)) if isinstance(first, bytes) else (None, first)
    data, of_objects = write_directory(lines), lines[0].of_objects
    return PageRow(data, level, number, of_objects, path, *key)._replace(amendment=amendment)


def page_ref(line: LineRow, aliases: dict[bytes, tuple[str, ...]]) -> PageRef:
    """The line of a page in a directory. `aliases`: further names of articles, by name."""
    names = tuple(line.message_ids)
    others = tuple(aliases.get(name, ()) for name in names)
    first = (line.first_object or 0, line.first_segment or 0)
    return PageRef(
        line.level,
        line.of_objects,
        first if line.of_objects else line.first_path or b"",
        line.digest,
        line.size,
        names,
        others if any(others) else (),
    )
