"""The history of all jobs, newest first, and the notices of one of them.

Knows pages and keys. Refuses to know how a job is drawn: `history_lines` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from textual.binding import BindingType
from textual.message import Message
from textual.widget import Widget

from usenetsync_tui.cells import cut_middle
from usenetsync_tui.model.entries import Notice
from usenetsync_tui.model.jobs import Job, PastJob
from usenetsync_tui.model.ports.browser import Browser
from usenetsync_tui.model.status.engine import EngineStatus
from usenetsync_tui.model.status.folders import FolderStatus
from usenetsync_tui.model.text.figures import plural
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.tui.kit.action import Action, bindings, copy_path
from usenetsync_tui.tui.kit.inks import Line
from usenetsync_tui.tui.kit.list_source import Directory
from usenetsync_tui.tui.kit.paged_table import PagedTable
from usenetsync_tui.tui.screens.deeper_screen import DeeperScreen
from usenetsync_tui.tui.screens.history_lines import (
    history_header,
    history_line,
    notice_line,
    notices_header,
    reason,
)

_COUNTED = 10
"""Pages read for one count."""
NumberedNotice = tuple[int, Notice]


@value_object
class HistorySource:
    """All jobs; the key of a page is the id before which its jobs begin."""

    browser: Browser

    async def page(self, start: int | None, limit: int) -> Sequence[PastJob]:
        """The jobs before the id `start`."""
        return await self.browser.history(start, limit)

    async def directory(self, page_size: int, start: int | None) -> Directory[int | None]:
        """The keys of the next pages, at most `_COUNTED`."""
        most = _COUNTED * page_size
        rows = await self.page(start, most)
        keys = [start, *(row.job.id for row in rows[page_size - 1 : -1 : page_size])]
        return Directory(len(rows), tuple(keys) if rows else (), len(rows) < most)

    def before(self, page: Sequence[PastJob], key: int | None) -> Sequence[PastJob]:
        """The jobs of a page down to the id `key`."""
        return tuple(row for row in page if key is None or row.job.id >= key)


@value_object
class NoticeSource:
    """The notices of a job; the key of a page is the number before its notices."""

    browser: Browser
    job_id: int

    async def page(self, start: int | None, limit: int) -> Sequence[NumberedNotice]:
        """The notices after the number `start`."""
        return await self.browser.notices(self.job_id, start or 0, limit)

    async def directory(self, page_size: int, start: int | None) -> Directory[int | None]:
        """The keys of the next pages, at most `_COUNTED`."""
        most = _COUNTED * page_size
        rows = await self.page(start, most)
        keys = [start, *(number for number, _ in rows[page_size - 1 : -1 : page_size])]
        return Directory(len(rows), tuple(keys) if rows else (), len(rows) < most)

    def before(self, page: Sequence[NumberedNotice], key: int | None) -> Sequence[NumberedNotice]:
        """The notices of a page up to the number `key`."""
        return tuple(row for row in page if key is None or row[0] <= key)


def _has_job(table: HistoryTable) -> str:
    return "" if table.cursor_row is not None else "No job has run yet."


HISTORY_ACTIONS: tuple[Action[HistoryTable], ...] = (
    Action(
        "history.open",
        "Notices",
        lambda table: table.open_notices(),
        (_has_job,),
        keys="enter",
        tooltip="of the job",
        footer=True,
    ),
)


class HistoryTable(PagedTable[PastJob, int | None]):
    """All jobs, newest first."""

    HELP = "Every job that this catalogue has had. `?` closes this help."
    BINDING_GROUP_TITLE = "History"
    ACTIONS: ClassVar[Sequence[Action[Any]]] = HISTORY_ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(HISTORY_ACTIONS)

    @dataclass
    class Opened(Message):
        """The user asks for the notices of a job."""

        past: PastJob

    def header(self, width: int) -> Line:
        return history_header(width)

    def compose_row(self, row: PastJob, width: int, number: int) -> Line:
        return history_line(row, width, cursor=number == self.cursor)

    def empty(self) -> Line:
        words = "No job has run yet." if self.pages.loaded else "Reading the history…"
        return ((words, "muted"),)

    def heading(self) -> str:
        return "History · newest first"

    def remarks(self) -> list[str]:
        row = self.cursor_row
        words = reason(row.job) if row is not None else ""
        return [cut_middle(words, 60)] if words else []

    def open_notices(self) -> None:
        """Ask for the notices of the job under the cursor."""
        if self.cursor_row is not None:
            self.post_message(self.Opened(self.cursor_row))


class HistoryScreen(DeeperScreen):
    """The history of all folders; keys act on the folder of the job under the cursor."""

    def __init__(self, browser: Browser) -> None:
        super().__init__(("history",), browser=browser)
        self._listed = HistorySource(browser)
        self._table = HistoryTable(id="history")
        self._seen: object = None

    @property
    def chosen(self) -> FolderStatus | None:
        """The folder of the job under the cursor."""
        row = self._table.cursor_row
        known = self.status.folders if self.status is not None else ()
        return next(
            (f for f in known if row is not None and f.folder.id == row.job.folder_id), None
        )

    def content(self) -> Widget:
        return self._table

    def on_mount(self) -> None:
        """List the jobs."""
        self._table.turn_to(self._listed)
        self._table.focus()

    def show(self, status: EngineStatus) -> None:
        """Read the rows again when a job begins or ends."""
        super().show(status)
        seen = tuple((job.id, job.state) for job in status.jobs)
        if seen != self._seen:
            self._seen = seen
            self._table.pages.refresh_all(at_once=True)

    def on_history_table_opened(self, event: HistoryTable.Opened) -> None:
        """Open the notices of the job."""
        if self.browser is not None:
            self.go_down(NoticesScreen(self.browser, event.past))


def _has_notice(table: NoticesTable) -> str:
    return "" if table.cursor_row is not None else "This job has no notices."


NOTICE_ACTIONS: tuple[Action[NoticesTable], ...] = (
    Action(
        "notices.copy",
        "Copy",
        lambda table: table.copy(),
        (_has_notice,),
        keys="y",
        tooltip="the path",
        footer=True,
    ),
)


class NoticesTable(PagedTable[NumberedNotice, int | None]):
    """The paths that a job reports, with the reasons."""

    HELP = "What the job reports, path by path. `?` closes this help."
    BINDING_GROUP_TITLE = "Notices"
    ACTIONS: ClassVar[Sequence[Action[Any]]] = NOTICE_ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(NOTICE_ACTIONS)

    def __init__(self, job: Job) -> None:
        super().__init__(id="notices")
        self._job = job

    def header(self, width: int) -> Line:
        return notices_header(width)

    def compose_row(self, row: NumberedNotice, width: int, number: int) -> Line:
        return notice_line(row[1], width, cursor=number == self.cursor)

    def empty(self) -> Line:
        if not self.pages.loaded:
            return (("Reading the notices…", "muted"),)
        return ((reason(self._job) or "This job reports no path.", "muted"),)

    def heading(self) -> str:
        words = reason(self._job)
        return f"Notices · {cut_middle(words, 70)}" if words else "Notices"

    def remarks(self) -> list[str]:
        errors = self._job.errors
        return [plural(errors, "error")] if errors else []

    def copy(self) -> None:
        """Put the path on the terminal's clipboard."""
        if self.cursor_row is not None:
            copy_path(self, self.cursor_row[1].path)


class NoticesScreen(DeeperScreen):
    """The notices of one job."""

    def __init__(self, browser: Browser, past: PastJob) -> None:
        job = past.job
        version = f" v{job.version}" if job.version is not None else ""
        crumbs = ("history", f"{job.verb} {safe_name(past.folder)}{version}")
        super().__init__(crumbs, browser=browser)
        self._folder_id = job.folder_id
        self._listed = NoticeSource(browser, job.id)
        self._table = NoticesTable(job)

    @property
    def chosen(self) -> FolderStatus | None:
        """The folder of the job."""
        known = self.status.folders if self.status is not None else ()
        return next((f for f in known if f.folder.id == self._folder_id), None)

    def content(self) -> Widget:
        return self._table

    def on_mount(self) -> None:
        """List the notices."""
        self._table.turn_to(self._listed)
        self._table.focus()
