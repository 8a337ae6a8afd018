"""What can be done to folders: the marked ones, else the chosen one.

Each becomes a command of the engine, at once or after a dialog. A restore and an NZB begin with
the version and the path at hand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from usenetsync_tui.cells import cut_middle
from usenetsync_tui.errors import UsenetSyncError
from usenetsync_tui.model.commands import (
    Command,
    ExportNzb,
    FolderChoices,
    Restore,
    Upload,
    Verify,
)
from usenetsync_tui.model.figures import plural
from usenetsync_tui.model.folders import Folder, Snapshot
from usenetsync_tui.model.jobs import Verb
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.tui.actions.context import (
    Context,
    has_folder,
    has_panes,
    want_each,
    writable,
)
from usenetsync_tui.tui.dialogs.add_folder import AddFolder
from usenetsync_tui.tui.dialogs.choices_dialog import (
    FolderChoicesDialog,
    NzbDialog,
    VerifyDialog,
    nzb_refusal,
)
from usenetsync_tui.tui.dialogs.restore_dialog import RestoreDialog
from usenetsync_tui.tui.kit.action import Action, first_reason
from usenetsync_tui.tui.kit.version_words import finished

# Conditions


def _is_finished(here: Context) -> str:
    """Whether the version at hand, or any, can be read."""
    at = here.at_hand
    if at.unfinished:
        return f"Version {at.version} is not finished yet."
    chosen = here.chosen
    if chosen is not None and chosen.latest is None and at.version is None:
        return f"No version of {in_words([chosen.folder])} is finished yet."
    return ""


def _can_be_verified(here: Context) -> str:
    meant = here.meant
    if _verifiable(here):
        return ""
    if any(each.latest is not None for each in meant):
        return f"{in_words([each.folder for each in meant])} is being verified already."
    return f"No version of {in_words([each.folder for each in meant])} is finished yet."


def _has_nzb(here: Context) -> str:
    return nzb_refusal(here.chosen.folder) if here.chosen is not None else ""


# Adding, uploading, choosing


def add(here: Context, path: bytes = b"") -> None:
    """Ask which folder to keep, and how, beginning with a path."""
    servers = bool(here.status and here.status.servers)
    defaults = here.status.folder_defaults if here.status is not None else None

    def begin(upload: Command) -> None:
        here.want(upload, "Added. Its upload starts when its turn comes.")

    here.ask(AddFolder(servers=servers, path=path, defaults=defaults), begin)


def upload(here: Context, *, allow_shrink: bool = False) -> None:
    """A new version of each folder that is meant; also of those that have lost most files."""
    folders = [each.folder for each in here.meant]
    uploads = [Upload(f.path, FolderChoices(), allow_shrink) for f in folders]
    want_each(here, uploads, f"{in_words(folders)}: a new version.")


def choose(here: Context) -> None:
    """Ask how the chosen folder is kept."""
    if here.chosen is not None:
        here.ask(FolderChoicesDialog(here.chosen.folder), here.want)


# Verifying


def ask_to_verify(here: Context) -> None:
    """Ask how to check the articles of the folders that are meant."""
    folders = _verifiable(here)

    def answered(answer: str) -> None:
        _verify(here, folders, bodies=answer == "bodies")

    here.ask(VerifyDialog(in_words(folders)), answered)


def verify(here: Context, *, bodies: bool) -> None:
    """Check the articles of the folders that are meant; with `bodies`, fetch them."""
    _verify(here, _verifiable(here), bodies=bodies)


def _verify(here: Context, folders: Sequence[Folder], *, bodies: bool) -> None:
    commands = [Verify(folder.id, bodies) for folder in folders]
    want_each(here, commands, f"{in_words(folders)} will be verified.")


def _verifiable(here: Context) -> list[Folder]:
    """Of the folders that are meant those with something to check that is not being checked."""
    jobs = here.status.jobs if here.status is not None else ()
    under_way = {job.folder_id for job in jobs if job.verb is Verb.VERIFY and not job.state.is_over}
    return [
        each.folder
        for each in here.meant
        if each.latest is not None and each.folder.id not in under_way
    ]


# Bringing back


def restore(here: Context, target: bytes = b"", version: int | None = None) -> None:
    """Ask which version of the chosen folder to bring back, which part of it, and where to."""
    at = here.at_hand
    wanted = at.version if version is None else version

    def ask(folder: Folder, versions: tuple[Snapshot, ...]) -> None:
        dialog = RestoreDialog(folder, versions, at.path, version=wanted, target=target)
        here.ask(dialog, begin)

    def begin(command: Restore) -> None:
        here.want(command, f"Restoring into {_cut(command.target)}.")

    _with_versions(here, ask)


def write_nzb(here: Context, path: bytes = b"", *, each_subfolder: bool = False) -> None:
    """Ask where to write an NZB of the chosen folder, or one for each of its subfolders."""
    wanted = here.at_hand.version

    def ask(folder: Folder, versions: tuple[Snapshot, ...]) -> None:
        dialog = NzbDialog(
            folder, versions, path=path, version=wanted, each_subfolder=each_subfolder
        )
        here.ask(dialog, begin)

    def begin(command: ExportNzb) -> None:
        here.want(command, f"Writing {_cut(command.path)}.")

    _with_versions(here, ask)


def _with_versions(here: Context, then: Callable[[Folder, tuple[Snapshot, ...]], None]) -> None:
    """Look the finished versions of the chosen folder up, and go on with them."""
    chosen, browser = here.chosen, here.browser
    if chosen is None or browser is None:
        return
    folder = chosen.folder

    async def look() -> None:
        try:
            found = finished(await browser.snapshots(folder.id))
        except UsenetSyncError as error:
            here.say(safe_name(str(error)))
            return
        if found:
            then(folder, found)
        else:
            here.say(f"No version of {in_words([folder])} is finished yet.")

    here.run_worker(look(), group="versions", exclusive=True)


def in_words(folders: Sequence[Folder]) -> str:
    """One by its name, several by their number."""
    if len(folders) == 1:
        return cut_middle(safe_name(folders[0].name), 30)
    return plural(len(folders), "folder")


def _cut(path: bytes) -> str:
    return cut_middle(safe_name(path), 40)


ADD = Action(
    "folders.add",
    "Add",
    add,
    writable,
    keys="a",
    tooltip="a folder to back up",
    footer=True,
    command="add",
)
UPLOAD = Action(
    "folders.upload",
    "Upload",
    upload,
    first_reason(writable, has_folder),
    keys="U",
    tooltip="a new version",
    command="upload",
)
RESTORE = Action(
    "folders.restore",
    "Restore",
    restore,
    first_reason(writable, has_folder, _is_finished),
    keys="r",
    tooltip="a version, or a part of it",
    footer=True,
    command="restore",
)
VERIFY = Action(
    "folders.verify",
    "verify",
    ask_to_verify,
    first_reason(writable, has_folder, _can_be_verified),
    keys="V",
    tooltip="its articles",
    command="verify",
)
NZB = Action(
    "folders.nzb",
    "NZB",
    write_nzb,
    first_reason(writable, has_folder, _has_nzb, _is_finished),
    keys="N",
    tooltip="for other programs",
    command="nzb",
)
CHOICES = Action(
    "folders.choices",
    "backup options",
    choose,
    first_reason(writable, has_folder),
    keys="E",
)
PRIORITY: Action[Context] = Action(
    "folders.priority",
    "priority",
    lambda here: here.begin_line("priority "),
    first_reason(writable, has_folder),
    command="priority",
)
VERSIONS: Action[Context] = Action(
    "folders.versions",
    "versions",
    lambda here: here.open_versions(),
    first_reason(has_panes, has_folder),
    command="versions",
)
FOLDER_ACTIONS = (ADD, UPLOAD, RESTORE, VERIFY, NZB, CHOICES, PRIORITY, VERSIONS)
