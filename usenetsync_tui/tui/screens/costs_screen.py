"""What a folder has in its store, and what each version cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from textual.widget import Widget

from usenetsync_tui.errors import UsenetSyncError
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.ports.browser import Browser
from usenetsync_tui.model.text.figures import size
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.model.versions.history import StoredBytes, VersionCost
from usenetsync_tui.tui.actions.context import AtHand
from usenetsync_tui.tui.kit.action import Action
from usenetsync_tui.tui.kit.beside import run_beside
from usenetsync_tui.tui.kit.inks import Line
from usenetsync_tui.tui.kit.list_source import Directory
from usenetsync_tui.tui.kit.paged_table import PagedTable
from usenetsync_tui.tui.screens.deeper_screen import DeeperScreen, crumbs_of
from usenetsync_tui.tui.screens.question_lines import cost_header, cost_line


@value_object
class CostSource:
    """The costs of a folder's versions, newest first; a key is a row's number."""

    browser: Browser
    folder_id: int

    async def page(self, start: int | None, limit: int) -> Sequence[VersionCost]:
        """Up to `limit` versions from row `start` on."""
        first = start or 0
        return (await self.browser.costs(self.folder_id))[first : first + limit]

    async def directory(self, page_size: int, start: int | None) -> Directory[int]:
        """The row numbers at which pages begin."""
        first, count = start or 0, len(await self.browser.costs(self.folder_id))
        return Directory(count - first, tuple(range(first, count, page_size)))

    def before(self, page: Sequence[VersionCost], key: int) -> Sequence[VersionCost]:
        """The page unchanged: with row numbers as keys, pages never overlap."""
        return page


class CostsTable(PagedTable[VersionCost, int]):
    """The versions with what they cost; the frame shows the sums."""

    HELP = "What each version cost, in bytes. `?` closes this help."
    BINDING_GROUP_TITLE = "Sizes"
    ACTIONS: ClassVar[Sequence[Action[Any]]] = ()

    stored: StoredBytes | str = "adding up what is stored…"
    """The sums, or why they are not there."""

    def header(self, width: int) -> Line:
        return cost_header(width)

    def compose_row(self, row: VersionCost, width: int, number: int) -> Line:
        return cost_line(row, width, cursor=number == self.cursor)

    def empty(self) -> Line:
        if not self.pages.loaded:
            return (("Adding up…", "muted"),)
        return (("No finished version yet.", "muted"),)

    def heading(self) -> str:
        sums = self.stored
        index = "" if isinstance(sums, str) else f" · index {size(sums.index)}"
        return f"Sizes · newest first{index}"

    def remarks(self) -> list[str]:
        if isinstance(self.stored, str):
            return [self.stored]
        sums = self.stored
        return [
            f"unique {size(sums.unique)}",
            f"compressed {size(sums.compressed)}",
            f"posted {size(sums.posted)}",
        ]


class CostsScreen(DeeperScreen):
    """The sizes of one folder."""

    def __init__(self, browser: Browser, folder: Folder) -> None:
        super().__init__(crumbs_of(folder.name, "sizes"), browser=browser, folder=folder)
        self._listed = CostSource(browser, folder.id)
        self._table = CostsTable(id="costs")

    @property
    def at_hand(self) -> AtHand:
        """The version under the cursor."""
        row = self._table.cursor_row
        return AtHand() if row is None else AtHand(row.version)

    def content(self) -> Widget:
        return self._table

    def on_mount(self) -> None:
        """List the versions, and add up what is stored beside."""
        self._table.turn_to(self._listed)
        self._table.focus()
        run_beside(self, self._add_up, group="sums", exclusive=True)

    async def _add_up(self) -> None:
        try:
            self._table.stored = await self._listed.browser.stored_bytes(self._listed.folder_id)
        except UsenetSyncError as error:
            self._table.stored = safe_name(str(error))
        self._table.entitle()
