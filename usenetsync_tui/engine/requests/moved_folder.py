"""moved_folder: a folder that is at another path now keeps its name, its versions and its key.

Decides whether a path that nobody has uploaded is the directory of a known folder, and changes a
folder's path. Refuses to know how files are compared: the next upload finds out what differs.

The directory is known by its inode number and its file system (`disk.source.guard.is_same`), as
they were when the last version was finished. A folder that was copied is not found so; the user may
still say that it has moved.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence

from anyio import to_thread

from usenetsync_tui.catalogue.session import Catalogue, Transaction
from usenetsync_tui.catalogue.tables import folders
from usenetsync_tui.disk.source import guard
from usenetsync_tui.disk.source.mount_watch import SourceRoot, examine_root
from usenetsync_tui.engine.jobs.new_jobs import folder_of
from usenetsync_tui.engine.requests.paths import refuse_path
from usenetsync_tui.engine.working_state import WorkingState
from usenetsync_tui.errors import SourceError, SourceGoneError, UsageError
from usenetsync_tui.model.commands.folders import MoveFolder
from usenetsync_tui.model.commands.jobs import Upload
from usenetsync_tui.model.entries import fitted
from usenetsync_tui.model.folders import Folder, MovedFolder
from usenetsync_tui.model.sources import FileSystem
from usenetsync_tui.model.text.safe_name import safe_name


async def refuse_known(working_state: WorkingState, command: Upload) -> None:
    """`UsageError` for a new path whose directory is that of a known folder, unless it may be."""
    if command.as_new:
        return
    async with working_state.catalogue.transaction() as tx:
        if await folders.by_path(tx, command.path) is not None:
            return
    root = await to_thread.run_sync(_root, command.path)
    if root is None:  # the upload says what is wrong with it
        return
    async with working_state.catalogue.transaction() as tx:
        folder = await _of(tx, root)
    if folder is None:
        return
    is_there = await to_thread.run_sync(_leads_to, folder.path, root)
    raise UsageError(_question(folder, command.path, is_there=is_there))


async def move(working_state: WorkingState, command: MoveFolder) -> MovedFolder:
    """Change a folder's path while this engine runs. Raises as `change_path`.

    `UsageError` while a job of the folder runs: it reads the folder where it was.
    """
    if any(job.folder_id == command.folder_id for job in working_state.active.values()):
        raise UsageError("A job of the folder runs. Wait for its end, or cancel it.")
    moved = await change_path(working_state.catalogue, command)
    working_state.events.info(
        f"{moved.name}: moved from {safe_name(moved.before)} to {safe_name(moved.path)}"
    )
    return moved


async def change_path(catalogue: Catalogue, command: MoveFolder) -> MovedFolder:
    """Change a folder's path. `UsageError` when it is another folder's or its own.

    `SourceError` when there is no folder.
    """
    refuse_path(command.path)
    await to_thread.run_sync(_require_directory, command.path)
    async with catalogue.transaction(durable=True) as tx:
        folder = await folder_of(tx, command.folder_id)
        other = await folders.by_path(tx, command.path)
        if other is not None:
            is_it = "there already" if other.id == folder.id else "not there"
            whose = "" if other.id == folder.id else f": {safe_name(command.path)} is {other.name}"
            raise UsageError(f"{folder.name} is {is_it}{whose}.")
        await folders.move(tx, folder, command.path)
    return MovedFolder(folder.name, folder.path, command.path)


def _root(path: bytes) -> SourceRoot | None:
    try:
        return examine_root(path)
    except OSError:
        return None


def _require_directory(path: bytes) -> None:
    if not os.path.lexists(path):
        raise SourceGoneError(f"({safe_name(path)})")
    if not os.path.isdir(path):
        raise SourceError(f"{safe_name(path)} is not a folder.", whole=True)


async def _of(tx: Transaction, root: SourceRoot) -> Folder | None:
    """The folder whose directory this is; None if there is none, or if we cannot be sure."""
    known: Sequence[tuple[int, FileSystem]] = await folders.at_inode(tx, fitted(root.identity[1]))
    for folder_id, file_system in known:
        if guard.is_same(file_system, root.file_system):
            return await folders.by_id(tx, folder_id)
    return None


def _leads_to(path: bytes, root: SourceRoot) -> bool:
    """Whether the folder's own path still leads to the directory: a bind mount shows it twice."""
    found = _root(path)
    return found is not None and found.identity == root.identity


def _question(folder: Folder, path: bytes, *, is_there: bool) -> str:
    shown, was = safe_name(path), safe_name(folder.path)
    new = f"If it is another folder: usenetsync upload --as-new {shlex.quote(shown)}"
    if is_there:
        return (
            f"{shown} is the folder {folder.name} under another path. "
            f"To back it up: usenetsync upload {shlex.quote(was)}. {new}"
        )
    move = f"usenetsync move {shlex.quote(folder.name)} {shlex.quote(shown)}"
    return (
        f"{shown} is the folder {folder.name}, which was {was}. To go on with its versions: {move}."
        f" {new}"
    )
