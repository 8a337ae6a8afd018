"""Finds what a restore would do on behalf of the screen, beside the jobs; changes nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace

import anyio
from anyio import to_thread
from anyio.abc import TaskGroup

from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.engine.by_string.string_plans import StringPlans
from usenetsync_tui.engine.jobs.guarded import Guarded, planned
from usenetsync_tui.engine.jobs.new_jobs import new_restore
from usenetsync_tui.engine.previews.plan_spool import PlanSpool
from usenetsync_tui.errors import UsenetSyncError, leading_error
from usenetsync_tui.model.commands.versions import PreviewRestore
from usenetsync_tui.model.restores.plans import MOST_SHOWN, PlanBatch, PlanPhase, RestorePreview
from usenetsync_tui.model.secret import Secret
from usenetsync_tui.model.text.safe_name import safe_name

_MOST_PROBLEMS = 20


@dataclass(slots=True)
class RestorePreviews:
    """The latest preview; a new one stops it."""

    group: TaskGroup
    catalogue: Catalogue
    guarded: Callable[[], Guarded]
    by_string: StringPlans
    preview: RestorePreview | None = None
    _asked: PreviewRestore | None = None
    """What the preview is of. Not in the preview: it may have a recovery string."""
    _number: int = 0
    _scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    _spool: PlanSpool = field(default_factory=PlanSpool)
    _turn: anyio.Lock = field(default_factory=anyio.Lock)
    """Of the spool: one thread at a time."""

    async def begin(self, command: PreviewRestore) -> None:
        """Begin to look; for the same restore only turn to another page."""
        asked, page = replace(command, page=0), max(0, command.page)
        if self.preview is not None and asked == self._asked and not self.preview.error:
            self.preview = replace(self.preview, page=page)
            await self._turn_page(self._scope, self._spool)
            return
        self._leave(command.string)
        self._stop()
        self._number += 1
        self._asked = asked
        self.preview = RestorePreview(self._number, command.restore, page, window=command.window)
        self._scope, self._spool = anyio.CancelScope(), PlanSpool()
        self.group.start_soon(self._run, self._scope, self._spool, asked)

    def stop(self, window: int) -> None:
        """Stop looking for this window, and forget what was found."""
        if self.preview is not None and self.preview.window == window:
            self._stop()

    def _stop(self) -> None:
        self._scope.cancel()
        if self.preview is not None:
            self.preview = self._asked = None
            self.group.start_soon(self._close, self._spool)

    async def give_way(self, string: Secret) -> None:
        """End a preview with this string; what it has loaded is for the caller to use."""
        if self._leave(string):
            self._stop()
            async with self.by_string.turn:
                pass

    def _leave(self, string: Secret) -> bool:
        """Leave what the preview has loaded to another use of its string."""
        if not string or self._asked is None or self._asked.string != string:
            return False
        self.by_string.is_left = True
        return True

    async def _close(self, spool: PlanSpool) -> None:
        async with self._turn:
            await to_thread.run_sync(spool.close)

    async def _run(
        self, scope: anyio.CancelScope, spool: PlanSpool, command: PreviewRestore
    ) -> None:
        with scope:
            error = ""
            try:
                if command.string:
                    await self._look_by_string(scope, spool, command)
                else:
                    await self._look(scope, spool, command)
            except Exception as caught:
                error = _words(leading_error(caught))
                if not error:
                    raise
            self._end(scope, error)

    def _end(self, scope: anyio.CancelScope, error: str = "") -> None:
        if self._is_current(scope) and self.preview is not None:
            phase = PlanPhase.PLAN
            self.preview = replace(self.preview, over=True, error=error, phase=phase)

    async def _look(
        self, scope: anyio.CancelScope, spool: PlanSpool, command: PreviewRestore
    ) -> None:
        new = await new_restore(self.catalogue, command.restore, way_out="Choose another folder.")
        await self._take(scope, spool, planned(self.catalogue, new, self.guarded()))

    async def _look_by_string(
        self, scope: anyio.CancelScope, spool: PlanSpool, command: PreviewRestore
    ) -> None:
        """Returns when it is stopped: until then what it has loaded may be used."""

        def enter(phase: PlanPhase) -> None:
            if self._is_current(scope) and self.preview is not None:
                self.preview = replace(self.preview, phase=phase)

        async def take(batches: AsyncIterator[PlanBatch]) -> None:
            await self._take(scope, spool, batches)

        async with self.by_string.planned(command, enter, take):
            self._end(scope)
            await anyio.sleep_forever()

    async def _take(
        self, scope: anyio.CancelScope, spool: PlanSpool, batches: AsyncIterator[PlanBatch]
    ) -> None:
        async for batch in batches:
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


def _words(error: BaseException) -> str:
    """What went wrong, for the user; empty: a fault of ours."""
    if isinstance(error, UsenetSyncError):
        return safe_name(str(error))
    if isinstance(error, OSError):
        return f"The temporary file of the preview: {error.strerror}."
    return ""
