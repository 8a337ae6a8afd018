"""The database pane: it reads the sizes of the catalogue every five seconds while displayed."""

from __future__ import annotations

from functools import partial

from usenetsync_tui.errors import UsenetSyncError
from usenetsync_tui.model.ports.browser import Browser, DatabaseFigures
from usenetsync_tui.model.status.engine import EngineStatus
from usenetsync_tui.tui.kit.beside import run_beside
from usenetsync_tui.tui.kit.inks import Line
from usenetsync_tui.tui.kit.lines_view import LinesView
from usenetsync_tui.tui.panes.database_lines import database_lines

POLL_SECONDS = 5.0


class DatabasePane(LinesView):
    """Draws pool and query time with each status, sizes every `POLL_SECONDS`."""

    HELP = (
        "The bars are the 16 shards of a table; they should be even. "
        "Rows are the planner's estimate. `?` closes this help."
    )
    BINDING_GROUP_TITLE = "Database"

    def __init__(self, *, id: str) -> None:
        super().__init__(self._compose_database, id=id)
        self._browser: Browser | None = None
        self._figures: DatabaseFigures | None = None
        self._problem = ""
        self._asking = False

    def on_mount(self) -> None:
        """Read the sizes regularly."""
        self.set_interval(POLL_SECONDS, self._poll, name="look at the database")

    def show(self, status: EngineStatus, browser: Browser | None = None) -> None:
        """Draw this status; the pane reads the sizes through `browser`."""
        appeared = self._browser is None and browser is not None
        self._browser = browser
        if appeared:
            self._poll()
        super().show(status)

    def on_show(self) -> None:
        self._poll()

    def _poll(self) -> None:
        if self._browser is not None and not self._asking and self.is_looked_at:
            self._asking = True
            run_beside(
                self, partial(self._look_up, self._browser), name="database", group="database"
            )

    async def _look_up(self, browser: Browser) -> None:
        try:
            self._figures = await browser.database()
            self._problem = ""
        except UsenetSyncError as error:
            self._problem = str(error)
        finally:
            self._asking = False
        self.recompose_lines()

    def _compose_database(self, status: EngineStatus, width: int, height: int) -> list[Line]:
        return database_lines(self._figures, status, width, problem=self._problem)
