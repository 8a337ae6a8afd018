"""Finds what a restore would do on behalf of the screen, beside the jobs; changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import anyio
from anyio import to_thread
from anyio.abc import TaskGroup

from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.engine.jobs.guarded import Guarded, planned
from usenetsync_tui.engine.jobs.new_jobs import new_restore
from usenetsync_tui.engine.previews.plan_spool import PlanSpool
from usenetsync_tui.errors import UsenetSyncError
from usenetsync_tui.model.commands import PreviewRestore
from usenetsync_tui.model.restore_plans import MOST_SHOWN, RestorePreview
from usenetsync_tui.model.safe_name import safe_name

_MOST_PROBLEMS = 20


@dataclass(slots=True)
class RestorePreviews:
    """The latest preview; a new one stops it."""

    group: TaskGroup
    catalogue: Catalogue
    guarded: Callable[[], Guarded]
    preview: RestorePreview | None = None
    _number: int = 0
    _scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    _spool: PlanSpool = field(default_factory=PlanSpool)
    _turn: anyio.Lock = field(default_factory=anyio.Lock)
    """Of the spool: one thread at a time."""

    async def begin(self, command: PreviewRestore) -> None:
        """Begin to look; for the same restore only turn to another page."""
        preview = self.preview
        if preview is not None and preview.restore == command.restore and not preview.error:
            self.preview = replace(preview, page=max(0, command.page))
            await self._turn_page(self._scope, self._spool)
            return
        self.stop()
        self._number += 1
        self.preview = RestorePreview(self._number, command.restore, max(0, command.page))
        self._scope, self._spool = anyio.CancelScope(), PlanSpool()
        self.group.start_soon(self._run, self._scope, self._spool)

    def stop(self) -> None:
        """Stop looking, and forget what was found."""
        self._scope.cancel()
        if self.preview is not None:
            self.preview = None
            self.group.start_soon(self._close, self._spool)

    async def _close(self, spool: PlanSpool) -> None:
        async with self._turn:
            await to_thread.run_sync(spool.close)

    async def _run(self, scope: anyio.CancelScope, spool: PlanSpool) -> None:
        with scope:
            error = ""
            try:
                await self._look(scope, spool)
            except UsenetSyncError as caught:
                error = safe_name(str(caught))
            except OSError as caught:
                error = f"The temporary file of the preview: {caught.strerror}."
            if self._is_current(scope) and self.preview is not None:
                self.preview = replace(self.preview, over=True, error=error)

    async def _look(self, scope: anyio.CancelScope, spool: PlanSpool) -> None:
        assert self.preview is not None
        restore = self.preview.restore
        new = await new_restore(self.catalogue, restore, way_out="Choose another folder.")
        async for batch in planned(self.catalogue, new, self.guarded()):
            async with self._turn:
                await to_thread.run_sync(spool.add, batch.rows)
            if not self._is_current(scope) or self.preview is None:
                return
            problems = (*self.preview.problems, *batch.problems)[:_MOST_PROBLEMS]
            totals = self.preview.totals.plus(batch)
            self.preview = replace(self.preview, totals=totals, problems=problems)
            await self._turn_page(scope, spool)

    async def _turn_page(self, scope: anyio.CancelScope, spool: PlanSpool) -> None:
        """Publish the rows of the page that the screen looks at."""
        if self.preview is None:
            return
        first = self.preview.page * MOST_SHOWN
        async with self._turn:
            rows = await to_thread.run_sync(spool.page, first, MOST_SHOWN)
        if self._is_current(scope) and self.preview is not None:
            self.preview = replace(self.preview, rows=rows)

    def _is_current(self, scope: anyio.CancelScope) -> bool:
        return scope is self._scope and not scope.cancel_called
