"""Walks a folder with other filters on behalf of the screen, beside the jobs; changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import anyio
from anyio.abc import TaskGroup

from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.catalogue.tables import folders
from usenetsync_tui.disk.source.own_files import OwnPath
from usenetsync_tui.engine.own_paths import own_paths
from usenetsync_tui.errors import UsenetSyncError
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.commands.folders import PreviewFilters
from usenetsync_tui.model.dry_runs import MOST_PREVIEWED, DryRunBatch, Preview
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.settings.settings import Settings


@dataclass(slots=True)
class Previews:
    """The latest preview; a new one stops it."""

    group: TaskGroup
    catalogue: Catalogue
    settings: Callable[[], Settings]
    locations: Locations
    database: tuple[OwnPath, ...]
    preview: Preview | None = None
    _number: int = 0
    _scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)

    def begin(self, command: PreviewFilters) -> None:
        """Begin to look, and stop looking for an earlier command."""
        self._stop()
        self._number += 1
        self.preview = Preview(
            self._number, command.folder_id, command.filters, window=command.window
        )
        self._scope = anyio.CancelScope()
        self.group.start_soon(self._run, self._scope, self.preview)

    def stop(self, window: int) -> None:
        """Stop looking for this window, and forget what was found."""
        if self.preview is not None and self.preview.window == window:
            self._stop()

    def _stop(self) -> None:
        self._scope.cancel()
        self.preview = None

    async def _run(self, scope: anyio.CancelScope, preview: Preview) -> None:
        with scope:
            self._publish(scope, await self._looked(scope, preview))

    async def _looked(self, scope: anyio.CancelScope, preview: Preview) -> Preview:
        """The preview when all was looked at."""
        from usenetsync_tui.pipeline.upload.dry_run import DryRun, RefusedError

        try:
            async with self.catalogue.transaction() as tx:
                folder = await folders.by_id(tx, preview.folder_id)
            if folder is None:
                return replace(preview, over=True, error="There is no such folder.")
            settings = self.settings()
            own = own_paths(settings, self.locations, self.database, folder.own_files)
            wanted = DryRun(
                self.catalogue,
                folder.path,
                folder,
                preview.filters,
                settings.global_patterns,
                own,
            )
            async for batch in wanted.batches():
                preview = _with(preview, batch, folder.copies)
                self._publish(scope, preview)
        except RefusedError as error:
            return replace(preview, over=True, refusal=error.refusal)
        except UsenetSyncError as error:
            return replace(preview, over=True, error=safe_name(str(error)))
        return replace(preview, over=True)

    def _publish(self, scope: anyio.CancelScope, preview: Preview) -> None:
        if scope is self._scope and not scope.cancel_called:
            self.preview = preview


def _with(preview: Preview, batch: DryRunBatch, copies: int) -> Preview:
    room = MOST_PREVIEWED - len(preview.rows)
    news = [row for row in batch.rows if row.rule is not None][:room] if room > 0 else []
    totals = preview.totals.plus(batch, copies)
    return replace(preview, totals=totals, rows=(*preview.rows, *news))
