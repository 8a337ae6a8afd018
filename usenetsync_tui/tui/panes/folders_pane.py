"""The folders, with one of them chosen."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.status import EngineStatus, FolderStatus
from usenetsync_tui.tui.kit.choosing_view import ChoosingView, Item
from usenetsync_tui.tui.panes.folder_lines import folder_blocks, no_folder_lines
from usenetsync_tui.tui.panes.stalls import Stalls


class FoldersPane(ChoosingView):
    """A list of folders; the chosen one is what the file list means, and the folder keys as
    long as none is marked."""

    HELP = "Keys act on the folder marked `>`; its files are listed. `?` closes this help."
    BINDING_GROUP_TITLE = "Folders"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Versions", id="folders.open", tooltip="of the chosen folder"),
        Binding("space", "mark", "mark", show=False, id="folders.mark", tooltip="for the keys"),
        Binding("A", "mark_all", "mark all", show=False, id="folders.mark_all"),
        Binding("u", "unmark", "unmark all", show=False, id="folders.unmark"),
    ]

    @dataclass
    class Chosen(Message):
        """Another folder, or none, is the chosen one."""

        folder: FolderStatus | None

    @dataclass
    class Opened(Message):
        """The user wants to look into a folder."""

        folder: FolderStatus

    def __init__(self, *, id: str, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds; it tells which jobs stall."""
        super().__init__(self._compose_folders, id=id)
        self._clock = clock
        self._stalls = Stalls()
        self._stalled: frozenset[int] = frozenset()
        self._folders: tuple[FolderStatus, ...] = ()
        self._marked: frozenset[int] = frozenset()
        """Ids of folders."""

    @property
    def chosen(self) -> FolderStatus | None:
        """The folder the user is at, as of the latest status."""
        return next((each for each in self._folders if each.folder.id == self.chosen_key), None)

    @property
    def marked(self) -> tuple[FolderStatus, ...]:
        """The folders that are marked."""
        return tuple(each for each in self._folders if each.folder.id in self._marked)

    def choose(self, folder_id: int) -> None:
        """Go to a folder; one that is not there is not gone to."""
        number = next((n for n, f in enumerate(self._folders) if f.folder.id == folder_id), None)
        if number is not None:
            self.go_to(number)

    def show(self, status: EngineStatus) -> None:
        """Draw the folders of this status; also while hidden one of them is the chosen one."""
        self._folders = status.folders
        self._stalled = self._stalls.look(status, self._clock())
        self.keep_choice([each.folder.id for each in status.folders])
        super().show(status)
        self._say_marks()

    def first_choice(self, keys: Sequence[Hashable]) -> Hashable:
        """A folder that is worked on, else the first."""
        at_work = (
            each.folder.id
            for each in self._folders
            if each.job is not None and each.job.state is JobState.RUNNING
        )
        return next(at_work, keys[0])

    def on_choice(self) -> None:
        self.post_message(self.Chosen(self.chosen))

    def _compose_folders(self, status: EngineStatus, width: int, height: int) -> list[Item]:
        if not status.folders:
            return [Item(None, tuple(no_folder_lines(status, width)))]
        blocks = folder_blocks(status.folders, width, stalled=self._stalled, others=status.jobs)
        return [
            Item(each.folder.id, lines, marked=each.folder.id in self._marked)
            for each, lines in zip(status.folders, blocks, strict=True)
        ]

    def action_open(self) -> None:
        """Look into the chosen folder."""
        chosen = self.chosen
        if chosen is not None:
            self.post_message(self.Opened(chosen))

    def action_mark(self) -> None:
        """Mark or unmark the chosen folder, and move on."""
        if self.chosen is not None:
            self._mark(self._marked ^ {self.chosen.folder.id})
            self.action_choose(1)

    def action_mark_all(self) -> None:
        """Mark every folder."""
        self._mark(frozenset(each.folder.id for each in self._folders))

    def action_unmark(self) -> None:
        """Mark none."""
        self._mark(frozenset())

    def _mark(self, folder_ids: frozenset[int]) -> None:
        self._marked = folder_ids
        self.recompose_lines()
        self._say_marks()

    def _say_marks(self) -> None:
        marked = len(self.marked)
        self.subtitle(f"{marked} marked" if marked else "")
