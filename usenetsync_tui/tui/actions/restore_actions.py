"""Restoring a version, and writing its NZB: both ask first, starting from what is at hand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from usenetsync_tui.cells import cut_middle
from usenetsync_tui.errors import UsenetSyncError
from usenetsync_tui.model.commands.jobs import Restore
from usenetsync_tui.model.commands.versions import ExportNzb
from usenetsync_tui.model.folders import Folder, Snapshot
from usenetsync_tui.model.ports.browser import Browser
from usenetsync_tui.model.restores.choices import RestoreChoices
from usenetsync_tui.model.restores.paths import MOST_PATHS
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.tui.actions.context import Context
from usenetsync_tui.tui.actions.meant_folders import none_finished
from usenetsync_tui.tui.dialogs.by_string.string_restore_form import StringRestoreForm
from usenetsync_tui.tui.dialogs.choices_dialog import NzbDialog
from usenetsync_tui.tui.dialogs.restoring.restore_dialog import RestoreDialog
from usenetsync_tui.tui.files.marked_paths import marked_paths
from usenetsync_tui.tui.kit.version_words import finished

_Then = Callable[[Folder, tuple[Snapshot, ...], Browser], Awaitable[None]]
_DEFAULT = RestoreChoices()
_TOO_MANY = f"More than {MOST_PATHS:,} files are marked: mark folders in the tree (t) instead."


def restore(
    here: Context,
    target: bytes = b"",
    version: int | None = None,
    choices: RestoreChoices = _DEFAULT,
    *,
    in_place: bool = False,
) -> None:
    """Ask which version of the chosen folder to restore, which part of it, and where to."""
    at = here.at_hand
    wanted = at.version if version is None else version

    async def ask(folder: Folder, versions: tuple[Snapshot, ...], browser: Browser) -> None:
        paths: tuple[bytes, ...] | None = (at.path,) if at.path else ()
        if at.marked is not None:
            paths = await marked_paths(browser, at.marked)
        if paths is None:
            here.say(_TOO_MANY)
        else:
            dialog = RestoreDialog(
                folder,
                versions,
                paths,
                version=wanted,
                target=target,
                choices=choices,
                in_place=in_place,
            )
            here.ask(dialog, begin)

    def begin(command: Restore) -> None:
        place = _cut(command.target) if command.target else "its own place"
        here.want(command, f"Restoring into {place}.")

    _with_versions(here, ask)


def restore_by_string(here: Context) -> None:
    """Ask for a recovery string, and restore what it leads to; the catalogue stays as it is."""
    here.ask(StringRestoreForm(), lambda words: None)  # the application says how it ended


def write_nzb(here: Context, path: bytes = b"", *, each_subfolder: bool = False) -> None:
    """Ask where to write an NZB of the chosen folder, or one for each of its subfolders."""
    wanted = here.at_hand.version

    async def ask(folder: Folder, versions: tuple[Snapshot, ...], browser: Browser) -> None:
        dialog = NzbDialog(
            folder, versions, path=path, version=wanted, each_subfolder=each_subfolder
        )
        here.ask(dialog, begin)

    def begin(command: ExportNzb) -> None:
        here.want(command, f"Writing {_cut(command.path)}.")

    _with_versions(here, ask)


def _with_versions(here: Context, then: _Then) -> None:
    """Read the finished versions of the chosen folder, and call `then` if there are any."""
    chosen, browser = here.chosen, here.browser
    if chosen is None or browser is None:
        return
    folder = chosen.folder

    async def look() -> None:
        try:
            found = finished(await browser.snapshots(folder.id))
            if found:
                await then(folder, found, browser)
            else:
                here.say(none_finished(folder))
        except UsenetSyncError as error:
            here.say(safe_name(str(error)))

    here.run_worker(look, group="versions", exclusive=True)


def _cut(path: bytes) -> str:
    return cut_middle(safe_name(path), 40)
