"""The folders, with one of them chosen."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from textual.binding import BindingType
from textual.message import Message

from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.status import EngineStatus, FolderStatus
from usenetsync_tui.tui.kit.action import Action, bindings
from usenetsync_tui.tui.kit.choosing_view import ChoosingView, Item
from usenetsync_tui.tui.panes.folder_lines import folder_blocks, no_folder_lines
from usenetsync_tui.tui.panes.stalls import Stalls


def _has_folder(pane: FoldersPane) -> str:
    return "" if pane.chosen is not None else "No folders yet. Press a to add one."


def _has_unmarked(pane: FoldersPane) -> str:
    return _has_folder(pane) or ("" if pane.has_unmarked else "All folders are marked already.")


def _has_marked(pane: FoldersPane) -> str:
    return "" if pane.marked else "No folder is marked."


FOLDER_LIST_ACTIONS: tuple[Action[FoldersPane], ...] = (
    Action(
        "folders.open",
        "Versions",
        lambda pane: pane.open_chosen(),
        (_has_folder,),
        keys="enter",
        tooltip="of the chosen folder",
        footer=True,
    ),
    Action(
        "folders.mark",
        "mark",
        lambda pane: pane.mark_chosen(),
        (_has_folder,),
        keys="space",
        tooltip="for the keys",
    ),
    Action(
        "folders.mark_all", "mark all", lambda pane: pane.mark_all(), (_has_unmarked,), keys="A"
    ),
    Action(
        "folders.unmark", "unmark all", lambda pane: pane.unmark_all(), (_has_marked,), keys="u"
    ),
)


class FoldersPane(ChoosingView):
    """A list of folders; the chosen one is what the file list means, and the folder keys as
    long as none is marked."""

    HELP = "Keys act on the folder marked `>`; its files are listed. `?` closes this help."
    BINDING_GROUP_TITLE = "Folders"
    ACTIONS: ClassVar[Sequence[Action[Any]]] = FOLDER_LIST_ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(FOLDER_LIST_ACTIONS)

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

    @property
    def has_unmarked(self) -> bool:
        """Whether a folder is not marked."""
        return len(self.marked) < len(self._folders)

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

    def open_chosen(self) -> None:
        """Look into the chosen folder."""
        chosen = self.chosen
        if chosen is not None:
            self.post_message(self.Opened(chosen))

    def mark_chosen(self) -> None:
        """Mark or unmark the chosen folder, and move on."""
        if self.chosen is not None:
            self._mark(self._marked ^ {self.chosen.folder.id})
            self.action_choose(1)

    def mark_all(self) -> None:
        """Mark every folder."""
        self._mark(frozenset(each.folder.id for each in self._folders))

    def unmark_all(self) -> None:
        """Mark none."""
        self._mark(frozenset())

    def _mark(self, folder_ids: frozenset[int]) -> None:
        self._marked = folder_ids
        self.recompose_lines()
        self._say_marks()

    def _say_marks(self) -> None:
        marked = len(self.marked)
        self.subtitle(f"{marked} marked" if marked else "")
