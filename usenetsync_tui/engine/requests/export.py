"""Writes NZBs, for the command and for the screen.

Knows files: a new one, one that replaces another, one for each subfolder. Refuses to know what an
NZB lists (`pipeline.nzb`).
"""

from __future__ import annotations

import errno
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import astuple

from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.catalogue.tables import version_files
from usenetsync_tui.catalogue.tables.version_files import Span
from usenetsync_tui.codec import nzb as codec
from usenetsync_tui.engine.new_file import new_file
from usenetsync_tui.engine.progress.tasks import Task
from usenetsync_tui.errors import TargetError, UsageError
from usenetsync_tui.model.commands import ExportNzb
from usenetsync_tui.model.figures import plural, size
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.pipeline.nzb.nzb import Listed, refuse_unreadable, write_nzb
from usenetsync_tui.pipeline.nzb.parts import NzbPart, PartNames, parts

Seen = Callable[[bytes], object]
"""Called with each piece of an NZB that is written."""


def refuse_path(path: bytes) -> None:
    """`UsageError` for a relative path: engine and window may have different working folders."""
    if not os.path.isabs(path):
        raise UsageError("The path must be absolute.")


async def export_nzb(
    catalogue: Catalogue, folder: Folder, version: int, command: ExportNzb, task: Task
) -> None:
    """Write the NZB of a version, or one for each subfolder, as a task of the engine.

    `UsageError`, `TargetError`.
    """
    async with catalogue.transaction() as tx:
        task.total, _ = await version_files.version_totals(tx, Span(folder.id, version))

    def seen(piece: bytes) -> None:
        task.done += piece == codec.file_end()

    if command.each_subfolder:
        each = export_each(catalogue, folder, version, command.path, seen=seen)
        listings = [listed async for _, listed in each]
        listed = Listed(*map(sum, zip(*map(astuple, listings), strict=True)))
        what = f"{plural(len(listings), 'NZB')} with {listed_words(listed)}"
    else:
        listed = await export_file(catalogue, folder, version, command.path, seen=seen)
        what = listed_words(listed)
    task.outcome = "; ".join((what, *left_out_words(listed)))


async def export_file(
    catalogue: Catalogue,
    folder: Folder,
    version: int,
    path: bytes,
    *,
    part: NzbPart | None = None,
    replace: bool = False,
    seen: Seen | None = None,
) -> Listed:
    """Write the NZB of a version, or of a part of it, into a file that appears when complete.

    `replace`: replace an existing file. `UsageError`, `TargetError`.
    """
    refuse_unreadable(folder)
    with new_file(path, replace=replace) as file:

        def write(piece: bytes) -> None:
            file.write(piece)
            if seen is not None:
                seen(piece)

        return await write_nzb(catalogue, folder, version, write, part=part)


async def export_each(
    catalogue: Catalogue,
    folder: Folder,
    version: int,
    directory: bytes,
    *,
    replace: bool = False,
    seen: Seen | None = None,
) -> AsyncIterator[tuple[bytes, Listed]]:
    """Write an NZB for each subfolder into a directory, and one for the files that are in none.

    The directory is made if there is none. Yields the path of each NZB and what it lists.
    Without `replace` nothing is written when one of the names is taken. `UsageError`,
    `TargetError`.
    """
    refuse_unreadable(folder)
    names = PartNames(folder)
    found = [(part, names.of(part)) async for part in parts(catalogue, folder, version)]
    _prepare(directory, [name for _, name in found], replace=replace)
    for part, name in found:
        path = os.path.join(directory, os.fsencode(name))
        yield (
            path,
            await export_file(
                catalogue, folder, version, path, part=part, replace=replace, seen=seen
            ),
        )


def _prepare(directory: bytes, names: list[str], *, replace: bool) -> None:
    try:
        os.makedirs(directory, exist_ok=True)
        for name in names if not replace else ():
            path = os.path.join(directory, os.fsencode(name))
            if os.path.lexists(path):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
    except OSError as error:
        path = os.fsencode(error.filename) if error.filename else directory
        raise TargetError(f"{safe_name(path)}: {error.strerror}.") from error


def listed_words(listed: Listed) -> str:
    """Say what an NZB lists."""
    articles = plural(listed.articles, "article")
    return f"{plural(listed.files, 'file')} in {articles}, {size(listed.bytes)}"


def left_out_words(listed: Listed) -> list[str]:
    """Say what an NZB does not list, and why."""
    words = []
    if listed.empty:
        words.append(f"{plural(listed.empty, 'empty file')} left out: an NZB cannot list them")
    if listed.left_out:
        words.append(f"{plural(listed.left_out, 'file')} left out: not completely posted")
    return words
