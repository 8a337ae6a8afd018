"""What a user can do to folders: the marked ones, else the chosen one.

Each action sends a command to the engine, at once or after a dialog.
"""

from __future__ import annotations

from collections.abc import Sequence

from usenetsync_tui.cells import cut_middle
from usenetsync_tui.model.commands.command import Command
from usenetsync_tui.model.commands.folders import Choose, FolderChoices
from usenetsync_tui.model.commands.jobs import Upload, Verify
from usenetsync_tui.model.filters import FilterChoices
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.sweeps import SAMPLE
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.tui.actions.context import Context, has_folder, has_panes, want_each
from usenetsync_tui.tui.actions.line_actions import by_line
from usenetsync_tui.tui.actions.meant_folders import (
    can_be_verified,
    has_nzb,
    in_words,
    is_finished,
    verifiable,
)
from usenetsync_tui.tui.actions.restore_actions import restore, restore_by_string, write_nzb
from usenetsync_tui.tui.dialogs.add_folder import AddFolder
from usenetsync_tui.tui.dialogs.by_string.adopt_form import AdoptForm
from usenetsync_tui.tui.dialogs.by_string.share_dialog import ShareDialog
from usenetsync_tui.tui.dialogs.choices_dialog import FolderChoicesDialog, VerifyDialog
from usenetsync_tui.tui.dialogs.filters_form import FiltersForm
from usenetsync_tui.tui.dialogs.move_form import MoveForm
from usenetsync_tui.tui.kit.action import Action
from usenetsync_tui.tui.kit.command_request import writable

# Adding, uploading, choosing


def add(here: Context, path: bytes = b"", *, as_new: bool = False) -> None:
    """Ask which folder to back up, and how; the dialog starts with `path`.

    `as_new`: it is another folder, even if its directory is that of a known one.
    """
    servers = bool(here.status and here.status.servers)
    defaults = here.status.folder_defaults if here.status is not None else None

    def begin(upload: Command) -> None:
        here.want(upload, "Added. Its upload starts when its turn comes.")

    here.ask(AddFolder(servers=servers, path=path, defaults=defaults, as_new=as_new), begin)


def bring_back(here: Context) -> None:
    """Ask for a recovery string, and adopt its folder."""
    here.ask(AdoptForm(), lambda words: here.say(cut_middle(safe_name(words), 70)))


def upload(here: Context, *, allow_shrink: bool = False) -> None:
    """Upload each folder that is meant; `allow_shrink`: even if most of its files are gone."""
    folders = [each.folder for each in here.meant]
    uploads = [Upload(f.path, FolderChoices(), allow_shrink) for f in folders]
    want_each(here, uploads, f"{in_words(folders)}: a new version.")


def choose(here: Context) -> None:
    """Ask for the backup options of the chosen folder."""
    if here.chosen is not None:
        here.ask(FolderChoicesDialog(here.chosen.folder), here.want)


def exclude(here: Context, patterns: Sequence[bytes] = (), *, clear: bool = False) -> None:
    """Add patterns to the filters of the chosen folder, or show them all; `clear`: forget them."""
    if here.chosen is None:
        return
    folder = here.chosen.folder
    if not patterns and not clear:
        here.ask(FiltersForm(folder), here.want)
        return
    before = () if clear else folder.filters.exclude
    choices = FilterChoices(exclude=(*before, *patterns), clear=clear)
    here.want(Choose(folder.id, FolderChoices(filters=choices)), "Used from the next upload on.")


def move(here: Context, path: bytes = b"") -> None:
    """Ask where the chosen folder is now; the form starts with `path`."""
    if here.chosen is not None:
        here.ask(MoveForm(here.chosen.folder, path), here.want)


def share(here: Context) -> None:
    """Show the recovery string of the chosen folder, and what it brings back."""
    chosen, browser = here.chosen, here.browser
    if chosen is not None and browser is not None:
        here.ask(ShareDialog(chosen, browser), _nothing)


def _nothing(answer: None) -> None:
    """The dialog sends its commands itself."""


# Verifying


def ask_to_verify(here: Context) -> None:
    """Ask how to check the articles of the folders that are meant."""
    folders = verifiable(here)

    def answered(answer: str) -> None:
        sample = SAMPLE if answer == "sample" else 1
        _verify(here, folders, bodies=answer != "look", sample=sample)

    here.ask(VerifyDialog(in_words(folders)), answered)


def verify(here: Context, *, bodies: bool, sample: int) -> None:
    """Check the articles of the folders that are meant; with `bodies`, fetch them.

    `sample`: only one of so many parts.
    """
    _verify(here, verifiable(here), bodies=bodies, sample=sample)


def _verify(here: Context, folders: Sequence[Folder], *, bodies: bool, sample: int) -> None:
    commands = [Verify(folder.id, bodies, sample) for folder in folders]
    want_each(here, commands, f"{in_words(folders)} will be verified.")


FOLDER_ACTIONS: tuple[Action[Context], ...] = (
    Action(
        "folders.add",
        "Add",
        add,
        (writable,),
        keys="a",
        tooltip="a folder to back up",
        footer=True,
        command="add",
    ),
    Action(
        "folders.adopt",
        "bring back",
        bring_back,
        (writable,),
        keys="B",
        tooltip="a folder, by its recovery string",
        command="adopt",
    ),
    Action(
        "folders.restore_string",
        "restore by string",
        restore_by_string,
        (writable,),
        keys="W",
        tooltip="with a recovery string, and nothing else",
        command="restore-string",
    ),
    Action(
        "folders.upload",
        "Upload",
        upload,
        (writable, has_folder),
        keys="U",
        tooltip="a new version",
        command="upload",
    ),
    Action(
        "folders.restore",
        "Restore",
        restore,
        (writable, has_folder, is_finished),
        keys="r",
        tooltip="a version, or a part of it",
        footer=True,
        command="restore",
    ),
    Action(
        "folders.verify",
        "verify",
        ask_to_verify,
        (writable, has_folder, can_be_verified),
        keys="V",
        tooltip="its articles",
        command="verify",
    ),
    Action(
        "folders.nzb",
        "NZB",
        write_nzb,
        (writable, has_folder, has_nzb, is_finished),
        keys="N",
        tooltip="for other programs",
        command="nzb",
    ),
    Action(
        "folders.share",
        "recovery string",
        share,
        (writable, has_folder),
        keys="K",
        tooltip="brings it back without this machine",
        command="share",
    ),
    Action("folders.choices", "backup options", choose, (writable, has_folder), keys="O"),
    Action(
        "folders.filters",
        "filters",
        exclude,
        (writable, has_folder),
        keys="E",
        tooltip="what to exclude, and why",
        command="exclude",
    ),
    Action(
        "folders.move",
        "moved",
        move,
        (writable, has_folder),
        keys="M",
        tooltip="go on with it where it is now",
        command="move",
    ),
    by_line("folders.priority", "priority", "priority", (writable, has_folder)),
    Action(
        "folders.versions",
        "versions",
        lambda here: here.open_versions(),
        (has_panes, has_folder),
        command="versions",
    ),
)
