"""The articles of one file: every copy of every segment of its object."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from textual.binding import BindingType
from textual.message import Message
from textual.widget import Widget

from usenetsync_tui.model.digests import FileDigest
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.ports.browser import ArticleRow, Browser, FileRow
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.tui.actions.context import AtHand
from usenetsync_tui.tui.kit.action import Action, bindings, copy
from usenetsync_tui.tui.kit.inks import Line
from usenetsync_tui.tui.kit.list_source import Directory
from usenetsync_tui.tui.kit.paged_table import PagedTable
from usenetsync_tui.tui.screens.article_lines import article_header, article_line
from usenetsync_tui.tui.screens.article_screen import ArticleScreen
from usenetsync_tui.tui.screens.deeper_screen import DeeperScreen, crumbs_of

REFRESH = 2.0
"""Seconds between two reads of the rows on the screen."""
Copy = tuple[int, int]
"""Segment index and redundancy index."""


@value_object
class ArticleSource:
    """The articles of an object, by segment and then by copy."""

    browser: Browser
    object_id: int

    async def page(self, start: Copy | None, limit: int) -> Sequence[ArticleRow]:
        """The rows from the copy `start` on."""
        return await self.browser.articles(self.object_id, start or (0, 0), limit)

    async def directory(self, page_size: int, start: Copy | None) -> Directory[Copy]:
        """Calculated, not read: all segments of an object have as many copies as the first."""
        count = await self.browser.article_count(self.object_id)
        first = await self.browser.articles(self.object_id, (0, 0), page_size)
        copies = max(1, sum(row.index == 0 for row in first))
        keys = tuple(divmod(number, copies) for number in range(0, count, page_size))
        return Directory(count, keys)

    def before(self, page: Sequence[ArticleRow], key: Copy) -> Sequence[ArticleRow]:
        """The rows of a page before the copy `key`."""
        return tuple(row for row in page if (row.index, row.redundancy) < key)


def _has_article(table: ArticlesTable) -> str:
    return "" if table.cursor_row is not None else "No article has been planned yet."


ARTICLE_ACTIONS: tuple[Action[ArticlesTable], ...] = (
    Action(
        "articles.open",
        "Details",
        lambda table: table.open(),
        (_has_article,),
        keys="enter",
        tooltip="of the article",
        footer=True,
    ),
    Action(
        "articles.copy",
        "Copy",
        lambda table: table.copy(),
        (_has_article,),
        keys="y",
        tooltip="the Message-ID",
        footer=True,
    ),
)


class ArticlesTable(PagedTable[ArticleRow, Copy]):
    """The articles of a file."""

    HELP = "One line for each article. Enter shows its details. `?` closes this help."
    BINDING_GROUP_TITLE = "Articles"
    ACTIONS: ClassVar[Sequence[Action[Any]]] = ARTICLE_ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(ARTICLE_ACTIONS)

    def __init__(self, digest: FileDigest | None) -> None:
        """`digest`: that of the file."""
        super().__init__(id="articles")
        self._digest = digest

    @dataclass
    class Opened(Message):
        """The user opens an article."""

        row: ArticleRow

    def header(self, width: int) -> Line:
        return article_header(width)

    def compose_row(self, row: ArticleRow, width: int, number: int) -> Line:
        return article_line(row, width, cursor=number == self.cursor)

    def empty(self) -> Line:
        if not self.pages.loaded:
            return (("Reading the articles…", "muted"),)
        return (("No article has been planned yet.", "muted"),)

    def heading(self) -> str:
        return "Articles"

    def remarks(self) -> list[str]:
        row = self.cursor_row
        if row is not None and row.error:
            return [safe_name(row.error)]
        return [str(self._digest)] if self._digest is not None else []

    def open(self) -> None:
        """Open the article under the cursor."""
        row = self.cursor_row
        if row is not None:
            self.post_message(self.Opened(row))

    def copy(self) -> None:
        """Put the Message-ID on the terminal's clipboard."""
        row = self.cursor_row
        if row is not None:
            words = safe_name(row.message_id)
            copy(self, words, words)


class ArticlesScreen(DeeperScreen):
    """The articles of one file of one version."""

    def __init__(self, browser: Browser, folder: Folder, version: int, row: FileRow) -> None:
        """`row`: a file that has an object (that is, content)."""
        crumbs = crumbs_of(folder.name, f"version {version}", row.path)
        super().__init__(crumbs, browser=browser, folder=folder)
        self._object_id = row.object_id or 0
        self._source = ArticleSource(browser, self._object_id)
        self._table = ArticlesTable(row.digest)
        self._at = AtHand(version, row.path.rstrip(b"/"))

    @property
    def at_hand(self) -> AtHand:
        """The file and its version."""
        return self.as_it_is(self._at)

    def content(self) -> Widget:
        return self._table

    def on_mount(self) -> None:
        """List the articles, and read them again regularly: an upload may be posting them."""
        table = self._table
        table.turn_to(self._source)
        table.focus()
        self.set_interval(REFRESH, self._look_again, name="articles")

    def _look_again(self) -> None:
        if self.is_current:
            self._table.pages.refresh()

    def on_articles_table_opened(self, event: ArticlesTable.Opened) -> None:
        """Open the screen of the article."""
        screen = ArticleScreen(
            self._source.browser,
            self._object_id,
            event.row,
            self.crumbs,
            folder=self._folder,
            at=self._at,
        )
        self.go_down(screen)
