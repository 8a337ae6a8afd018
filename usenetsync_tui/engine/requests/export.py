"""Writes NZBs, for the command and for the screen.

Knows the files: a new one, one that replaces another, one for each subfolder. Refuses to know what
an NZB lists (`pipeline.nzb`).
"""

from __future__ import annotations

import errno
import os
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import astuple

from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.catalogue.tables import version_files
from usenetsync_tui.catalogue.tables.version_files import Span
from usenetsync_tui.codec import nzb as codec
from usenetsync_tui.engine.new_file import new_file
from usenetsync_tui.engine.progress.tasks import Task
from usenetsync_tui.errors import TargetError
from usenetsync_tui.model.commands.versions import ExportNzb
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.text.figures import plural, size
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.pipeline.nzb.nzb import Listed, Write, refuse_unreadable, write_nzb
from usenetsync_tui.pipeline.nzb.parts import NzbPart, PartNames, parts

Seen = Callable[[bytes], object]
"""Gets each piece of an NZB after it is written."""


@value_object
class NzbTarget:
    """Where to write the NZB of a version, or one for each subfolder."""

    path: bytes
    """A file; with `each_subfolder` a directory, which is made if there is none."""
    each_subfolder: bool = False
    replace: bool = False
    """Replace existing files."""


async def export_nzb(
    catalogue: Catalogue, folder: Folder, version: int, command: ExportNzb, task: Task
) -> None:
    """Write NZBs as a task of the engine. `UsageError`, `TargetError`."""
    async with catalogue.transaction() as tx:
        task.total, _ = await version_files.version_totals(tx, Span(folder.id, version))

    def seen(piece: bytes) -> None:
        task.done += piece == codec.file_end()

    target = NzbTarget(command.path, command.each_subfolder)
    written = export(catalogue, folder, version, target, seen=seen)
    listings = [listed async for _, listed in written]
    listed = Listed(*map(sum, zip(*map(astuple, listings), strict=True)))
    what = listed_words(listed)
    if target.each_subfolder:
        what = f"{plural(len(listings), 'NZB')} with {what}"
    task.outcome = "; ".join((what, *left_out_words(listed)))


async def export(
    catalogue: Catalogue,
    folder: Folder,
    version: int,
    target: NzbTarget,
    *,
    seen: Seen | None = None,
) -> AsyncIterator[tuple[bytes, Listed]]:
    """Write the NZB of a version, or one for each subfolder and one for the files in none.

    A file appears when it is complete. Yields the path of each NZB and what it lists. Without
    `replace`, writes nothing if one of the names is taken. `UsageError`, `TargetError`.
    """
    refuse_unreadable(folder)
    for path, part in await _planned(catalogue, folder, version, target):
        with new_file(path, replace=target.replace) as file:
            write = _also_to(seen, file.write)
            listed = await write_nzb(catalogue, folder, version, write, part=part)
        yield path, listed


async def _planned(
    catalogue: Catalogue, folder: Folder, version: int, target: NzbTarget
) -> list[tuple[bytes, NzbPart | None]]:
    """The path of each NZB, and the part of the version that it lists."""
    if not target.each_subfolder:
        return [(target.path, None)]
    names = PartNames(folder)
    planned: list[tuple[bytes, NzbPart | None]] = [
        (os.path.join(target.path, os.fsencode(names.of(part))), part)
        async for part in parts(catalogue, folder, version)
    ]
    _prepare(target, [path for path, _ in planned])
    return planned


def _prepare(target: NzbTarget, paths: Iterable[bytes]) -> None:
    """Make the directory. `TargetError` if a file is in it that may not be replaced."""
    try:
        os.makedirs(target.path, exist_ok=True)
        for path in paths if not target.replace else ():
            if os.path.lexists(path):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
    except OSError as error:
        path = os.fsencode(error.filename) if error.filename else target.path
        raise TargetError(f"{safe_name(path)}: {error.strerror}.") from error


def _also_to(seen: Seen | None, write: Write) -> Write:
    if seen is None:
        return write

    def both(piece: bytes) -> None:
        write(piece)
        seen(piece)

    return both


def listed_words(listed: Listed) -> str:
    """The contents of an NZB, in words."""
    articles = plural(listed.articles, "article")
    return f"{plural(listed.files, 'file')} in {articles}, {size(listed.bytes)}"


def left_out_words(listed: Listed) -> list[str]:
    """What an NZB does not list, and why, in words."""
    words = []
    if listed.empty:
        words.append(f"{plural(listed.empty, 'empty file')} left out: an NZB cannot list them")
    if listed.left_out:
        words.append(f"{plural(listed.left_out, 'file')} left out: not completely posted")
    return words
