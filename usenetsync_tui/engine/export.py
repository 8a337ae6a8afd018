"""Writing an NZB beside the jobs."""

from __future__ import annotations

import os

from usenetsync_tui.catalogue import files
from usenetsync_tui.catalogue.files import Span
from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.codec import nzb as codec
from usenetsync_tui.engine.new_file import new_file
from usenetsync_tui.engine.tasks import Task
from usenetsync_tui.errors import UsageError
from usenetsync_tui.model.commands import ExportNzb
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.pipeline.nzb import Listed, write_nzb


def refuse_path(path: bytes) -> None:
    """`UsageError` for a path that means another file from another working folder."""
    if not os.path.isabs(path):
        raise UsageError("The path must be absolute.")


async def export_nzb(
    catalogue: Catalogue, folder: Folder, version: int, command: ExportNzb, task: Task
) -> None:
    """Write the NZB of a version into a new file. `UsageError`, `TargetError`."""
    async with catalogue.transaction() as tx:
        task.total, _ = await files.version_totals(tx, Span(folder.id, version))
    with new_file(command.path) as file:

        def write(piece: bytes) -> None:
            file.write(piece)
            task.done += piece == codec.file_end()

        listed = await write_nzb(catalogue, folder, version, write)
    task.outcome = _told(listed)


def _told(listed: Listed) -> str:
    words = f"{listed.files:,} files in {listed.articles:,} articles"
    if listed.empty:
        words += f"; {listed.empty:,} empty files cannot be listed"
    if listed.left_out:
        words += f"; {listed.left_out:,} left out: not wholly posted"
    return words
