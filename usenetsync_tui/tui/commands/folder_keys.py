"""What keys do to folders: the marked ones, else the chosen one.

Each key becomes a command of the engine, at once or after a dialog; where it cannot be obeyed
the user is told why.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.binding import Binding

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
from usenetsync_tui.model.folders import Folder, Snapshot, SnapshotState
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.tui.commands.key_actions import KeyActions, in_words
from usenetsync_tui.tui.dialogs.add_folder import AddFolder
from usenetsync_tui.tui.dialogs.choices_dialog import (
    FolderChoicesDialog,
    NzbDialog,
    VerifyDialog,
    nzb_refusal,
)
from usenetsync_tui.tui.dialogs.restore_dialog import RestoreDialog
from usenetsync_tui.tui.files.files_table import FilesTable

KEYS = (
    Binding("a", "add('')", "Add", id="folders.add", tooltip="a folder to keep"),
    Binding("U", "upload", "Upload", show=False, id="folders.upload", tooltip="a new version"),
    Binding("r", "restore", "Restore", id="folders.restore", tooltip="a version, or a part of it"),
    Binding("V", "verify", "verify", show=False, id="folders.verify", tooltip="its articles"),
    Binding("N", "nzb", "NZB", show=False, id="folders.nzb", tooltip="for other programs"),
    Binding("E", "choices", "how it is kept", show=False, id="folders.choices"),
)


class FolderKeys(KeyActions):
    """The part of the dashboard that acts on folders."""

    def action_add(self, path: str) -> None:
        """Ask which folder to keep, and how."""
        self.add_folder(path.encode())

    def add_folder(self, path: bytes) -> None:
        """The same, beginning with a path."""
        servers = bool(self.status and self.status.servers)
        defaults = self.status.folder_defaults if self.status else None
        self.ask(AddFolder(servers=servers, path=path, defaults=defaults), self._begin)

    def _begin(self, upload: Command) -> None:
        self.want(upload, "Added; it is uploaded when its turn comes.")

    def action_upload(self) -> None:
        """A new version of each folder that is meant."""
        self.upload(allow_shrink=False)

    def upload(self, *, allow_shrink: bool) -> None:
        """The same, also of folders that have lost most of their files."""
        if self.folder() is not None:
            folders = [each.folder for each in self.meant]
            uploads = [Upload(f.path, FolderChoices(), allow_shrink) for f in folders]
            self.want_each(uploads, f"{in_words(folders)}: a new version.")

    def action_choices(self) -> None:
        """How the chosen folder is kept."""
        folder = self.folder()
        if folder is not None:
            self.ask(FolderChoicesDialog(folder), self.want)

    def action_verify(self) -> None:
        """Look for the articles of the folders that are meant."""
        if self.folder() is None:
            return
        folders = [each.folder for each in self.meant]

        def answered(answer: str) -> None:
            self.verify(folders, bodies=answer == "bodies")

        self.ask(VerifyDialog(in_words(folders)), answered)

    def verify(self, folders: Sequence[Folder], *, bodies: bool) -> None:
        """Queue it."""
        commands = [Verify(folder.id, bodies) for folder in folders]
        self.want_each(commands, f"{in_words(folders)} will be verified.")

    def action_restore(self) -> None:
        """Ask which version of the chosen folder to bring back, and where to."""
        table = self.query_one(FilesTable)
        row = table.cursor_row if table.has_focus else None  # else the whole folder is meant
        self.restore(b"", None, prefix=row.path.rstrip(b"/") if row else b"")

    def restore(self, target: bytes, version: int | None, *, prefix: bytes = b"") -> None:
        """The same, beginning with a target, a version and a part."""
        folder = self.folder()
        if folder is None:
            return
        known = folder

        def ask(versions: tuple[Snapshot, ...]) -> None:
            dialog = RestoreDialog(known, versions, prefix, version=version, target=target)
            self.ask(dialog, self._restore)

        self._with_versions(folder, ask)

    def _restore(self, command: Restore) -> None:
        self.want(command, f"Restoring into {_cut(command.target)}.")

    def action_nzb(self) -> None:
        """Ask where to write an NZB of the chosen folder."""
        self.nzb(b"")

    def nzb(self, path: bytes, *, each_subfolder: bool = False) -> None:
        """The same, beginning with a path."""
        folder = self.folder()
        if folder is None:
            return
        refusal, known = nzb_refusal(folder), folder
        if refusal:
            self.say(refusal)
            return

        def ask(versions: tuple[Snapshot, ...]) -> None:
            dialog = NzbDialog(known, versions, path=path, each_subfolder=each_subfolder)
            self.ask(dialog, self._write)

        self._with_versions(folder, ask)

    def _write(self, command: ExportNzb) -> None:
        self.want(command, f"Writing {_cut(command.path)}.")

    def _with_versions(self, folder: Folder, then: Callable[[tuple[Snapshot, ...]], None]) -> None:
        """Look the finished versions up, beside the screen, and go on with them."""

        async def look() -> None:
            browser = self.handle.browser
            try:
                found = await browser.snapshots(folder.id) if browser is not None else ()
            except UsenetSyncError as error:
                self.say(safe_name(str(error)))
                return
            finished = tuple(s for s in found if s.state is not SnapshotState.BUILDING)
            if finished:
                then(finished)
            else:
                self.say(f"No version of {in_words([folder])} is finished yet.")

        self.run_worker(look(), group="versions", exclusive=True)


def _cut(path: bytes) -> str:
    return cut_middle(safe_name(path), 40)
