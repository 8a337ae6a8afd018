"""The screen of one article: every field that the catalogue has of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from usenetsync_tui.errors import UsenetSyncError
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.ports.browser import ArticleRow, Browser
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.tui.actions.context import AtHand
from usenetsync_tui.tui.kit.action import Action, bindings, copy
from usenetsync_tui.tui.kit.beside import run_beside
from usenetsync_tui.tui.kit.inks import Line
from usenetsync_tui.tui.kit.lines_view import InkedView
from usenetsync_tui.tui.screens.article_lines import article_lines
from usenetsync_tui.tui.screens.deeper_screen import Crumbs, DeeperScreen

REFRESH = 2.0
"""Seconds between two reads."""

FIELD_ACTIONS: tuple[Action[FieldsView], ...] = (
    Action(
        "article.copy",
        "Copy",
        lambda view: view.copy(),
        keys="y",
        tooltip="the Message-ID",
        footer=True,
    ),
)


class FieldsView(InkedView):
    """The fields of an article, one under the other."""

    HELP = "Everything the catalogue knows about this article. `?` closes this help."
    BINDING_GROUP_TITLE = "Article"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_up", "up", show=False, id="article.up"),
        Binding("down,j", "scroll_down", "down", show=False, id="article.down"),
        Binding("pageup", "page_up", "a page up", show=False, id="article.page_up"),
        Binding("pagedown", "page_down", "a page down", show=False, id="article.page_down"),
        Binding("home,g", "scroll_home", "to the top", show=False, id="article.home"),
        Binding("end,G", "scroll_end", "to the end", show=False, id="article.end"),
        *bindings(FIELD_ACTIONS),
    ]
    ACTIONS: ClassVar[Sequence[Action[Any]]] = FIELD_ACTIONS

    def __init__(self, row: ArticleRow) -> None:
        super().__init__(id="article")
        self._row = row
        self._drawn: Sequence[Line] = ()
        self.title("Article")

    def show(self, row: ArticleRow) -> None:
        """Draw the article again if it has changed."""
        if row != self._row:
            self._row = row
            self._redraw()

    def _redraw(self) -> None:
        width = self.scrollable_content_region.width
        self._drawn = article_lines(self._row, width)
        self.virtual_size = Size(width, len(self._drawn))
        self.refresh()

    def on_resize(self, event: Resize) -> None:
        """Compose the lines for the new width."""
        self._redraw()

    def render_line(self, y: int) -> Strip:
        number = y + self.scroll_offset.y
        return self.draw(self._drawn[number] if number < len(self._drawn) else ())

    def copy(self) -> None:
        """Put the Message-ID on the terminal's clipboard."""
        words = safe_name(self._row.message_id)
        copy(self, words, words)


class ArticleScreen(DeeperScreen):
    """One article, read again every two seconds."""

    def __init__(
        self,
        browser: Browser,
        object_id: int,
        row: ArticleRow,
        above: Crumbs,
        *,
        folder: Folder | None = None,
        at: AtHand | None = None,
    ) -> None:
        """`folder` and `at`: the folder, version and file that the article belongs to."""
        where = f"segment {row.index + 1:,} copy {row.redundancy + 1}"
        super().__init__((*above, where), browser=browser, folder=folder)
        self._asked = browser
        self._at = at or AtHand()
        self._object_id = object_id
        self._row = row

    @property
    def at_hand(self) -> AtHand:
        """The file and version that the article belongs to."""
        return self.as_it_is(self._at)

    def content(self) -> Widget:
        return FieldsView(self._row)

    def on_mount(self) -> None:
        """Start to read the article again regularly: it may be about to be posted."""
        self.query_one(FieldsView).focus()
        self.set_interval(REFRESH, self._look_again, name="article")

    def _look_again(self) -> None:
        if self.is_current:
            run_beside(self, self._read, group="article", exclusive=True)

    async def _read(self) -> None:
        at = (self._row.index, self._row.redundancy)
        view = self.query_one(FieldsView)
        try:
            rows = await self._asked.articles(self._object_id, at, 1)
        except UsenetSyncError as error:
            view.title("Article", safe_name(str(error)))
            return
        view.title("Article")
        if rows and (rows[0].index, rows[0].redundancy) == at:
            view.show(rows[0])
