"""The folders pane: a list of folders, one of them chosen, some of them marked."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from textual.binding import BindingType
from textual.message import Message

from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.status.engine import EngineStatus
from usenetsync_tui.model.status.folders import FolderStatus
from usenetsync_tui.tui.kit.action import Action, bindings
from usenetsync_tui.tui.kit.choosing_view import ChoosingView, Item
from usenetsync_tui.tui.panes.folder_lines import folder_blocks, no_folder_lines
from usenetsync_tui.tui.panes.stalls import StallDetector


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
    """A list of folders. The file list shows the chosen folder; folder keys act on the marked
    folders, else on the chosen one."""

    HELP = "Keys act on the folder marked `>`; its files are listed. `?` closes this help."
    BINDING_GROUP_TITLE = "Folders"
    ACTIONS: ClassVar[Sequence[Action[Any]]] = FOLDER_LIST_ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(FOLDER_LIST_ACTIONS)

    @dataclass
    class Chosen(Message):
        """Another folder is chosen now; None: there is no folder."""

        folder: FolderStatus | None

    @dataclass
    class Opened(Message):
        """The user asks for the versions of a folder."""

        folder: FolderStatus

    def __init__(self, *, id: str, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` returns seconds; the pane detects stalled jobs with it."""
        super().__init__(self._compose_folders, id=id)
        self._clock = clock
        self._stalls = StallDetector()
        self._stalled: frozenset[int] = frozenset()
        self._all_stalled = False
        self._folders: tuple[FolderStatus, ...] = ()
        self._marked: frozenset[int] = frozenset()
        """Ids of folders."""

    @property
    def chosen(self) -> FolderStatus | None:
        """The chosen folder, from the latest status."""
        return next((each for each in self._folders if each.folder.id == self.chosen_key), None)

    @property
    def marked(self) -> tuple[FolderStatus, ...]:
        """The marked folders, from the latest status."""
        return tuple(each for each in self._folders if each.folder.id in self._marked)

    @property
    def is_stalled(self) -> bool:
        """Whether jobs run and none of them makes progress."""
        return self._all_stalled

    @property
    def has_unmarked(self) -> bool:
        """Whether any folder is not marked."""
        return len(self.marked) < len(self._folders)

    def choose(self, folder_id: int) -> None:
        """Choose a folder; does nothing if the list does not have it."""
        number = next((n for n, f in enumerate(self._folders) if f.folder.id == folder_id), None)
        if number is not None:
            self.go_to(number)

    def show(self, status: EngineStatus) -> None:
        """Draw the folders of this status. Keeps one chosen, also while the pane is hidden."""
        self._folders = status.folders
        self._stalled = self._stalls.update(status, self._clock())
        running = {job.id for job in status.jobs if job.state is JobState.RUNNING}
        self._all_stalled = bool(running) and running <= self._stalled
        self.keep_choice([each.folder.id for each in status.folders])
        super().show(status)
        self._show_mark_count()

    def first_choice(self, keys: Sequence[Hashable]) -> Hashable:
        """The first folder with a running job, else the first folder."""
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
        """Ask for the versions of the chosen folder."""
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
        """Unmark every folder."""
        self._mark(frozenset())

    def _mark(self, folder_ids: frozenset[int]) -> None:
        self._marked = folder_ids
        self.recompose_lines()
        self._show_mark_count()

    def _show_mark_count(self) -> None:
        marked = len(self.marked)
        self.subtitle(f"{marked} marked" if marked else "")
