"""Adopts a folder by its recovery string for a window of the engine, beside the jobs.

Knows how far it is and what went wrong. Never logs the string.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from anyio import CancelScope, to_thread
from anyio.abc import TaskGroup

from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.catalogue.tables import folders
from usenetsync_tui.engine.progress.events import EventLog
from usenetsync_tui.errors import EngineBusyError, UsageError, UsenetSyncError
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.commands.recovery import Adopt
from usenetsync_tui.model.recovery.adoption import UNKNOWN_FILTERS, AdoptedFolder
from usenetsync_tui.model.status.recovery import Adopting
from usenetsync_tui.model.text.figures import plural
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.waiting import Waits
from usenetsync_tui.pipeline.index.adoption.load_progress import LoadProgress
from usenetsync_tui.settings.settings import Settings

if TYPE_CHECKING:
    from usenetsync_tui.engine.by_string.adoption import Adoption


@dataclass(slots=True)
class Adoptions:
    """One adoption at a time, and the latest one."""

    group: TaskGroup
    catalogue: Catalogue
    settings: Callable[[], Settings]
    """The current ones: a server may have been added."""
    locations: Locations
    waits: Waits
    events: EventLog
    _now: Adopting | None = None
    _progress: LoadProgress = field(default_factory=LoadProgress)
    _scope: CancelScope = field(default_factory=CancelScope)

    @property
    def adopting(self) -> Adopting | None:
        """The latest adoption, as far as it is."""
        if self._now is None or self._now.over:
            return self._now
        done = self._progress
        return replace(
            self._now,
            phase=done.phase,
            folder=done.folder,
            files=done.files,
            done_bytes=done.done_bytes,
            total_bytes=done.total_bytes,
        )

    @property
    def is_running(self) -> bool:
        """Whether an adoption runs."""
        return self._now is not None and not self._now.over

    def begin(
        self,
        command: Adopt,
        *,
        done: Callable[[AdoptedFolder], object],
        refused: Callable[[UsenetSyncError], object],
    ) -> None:
        """Begin; `done` or `refused` hears how it ended. `EngineBusyError` while another runs."""
        if self.is_running:
            raise EngineBusyError("Another folder is being adopted. Wait until it is there.")
        self._progress = LoadProgress()
        self._scope = CancelScope()
        self._now = Adopting(self._now.number + 1 if self._now else 1)
        self.group.start_soon(self._run, self._scope, self._now, command, done, refused)

    def stop(self) -> None:
        """Stop the one that runs; nothing of it stays."""
        if self.is_running:
            self._scope.cancel()

    async def _run(
        self,
        scope: CancelScope,
        begun: Adopting,
        command: Adopt,
        done: Callable[[AdoptedFolder], object],
        refused: Callable[[UsenetSyncError], object],
    ) -> None:
        failure: UsenetSyncError = UsageError("The adoption was stopped. Nothing was adopted.")
        try:
            with scope:
                adopted = await self._adopted(command)
                self._end(begun, adopted)
                done(adopted.told)
                return
        except UsenetSyncError as error:
            failure = error
        self._now = replace(begun, over=True, problem=str(failure))
        refused(failure)
        if failure.retryable:
            raise failure

    def _end(self, begun: Adopting, done: Adoption) -> None:
        newest, before = done.adopted.newest, done.adopted.before
        how = f"brought forward from version {before}" if before else "adopted up"
        words = (
            f"{done.adopted.name}: {how} to version {newest.version}, "
            f"{plural(newest.files, 'file')}"
        )
        self.events.info(safe_name(words))
        if done.adopted.filters is None:
            self.events.warn(safe_name(f"{done.adopted.name}: {UNKNOWN_FILTERS} (E)."))
            words += " · filters unknown: press E"
        if done.unsure:
            self.events.warn(safe_name(f"There may be a newer version: {done.unsure}"))
        name = done.adopted.name
        self._now = replace(begun, over=True, folder=name, files=newest.files, outcome=words)

    async def _adopted(self, command: Adopt) -> Adoption:
        from usenetsync_tui.codec.recovery_string import read_string  # which few runs need
        from usenetsync_tui.engine.by_string.adoption import adopt_folder

        found = read_string(command.string)
        passphrase = str(command.passphrase) or None
        secret = await to_thread.run_sync(found.opened, passphrase)
        done = await adopt_folder(
            self.catalogue,
            self.settings(),
            self.locations,
            secret,
            path=command.path or None,
            progress=self._progress,
            waits=self.waits,
        )
        async with self.catalogue.transaction(durable=True) as tx:
            await folders.saw_string(tx, done.adopted.folder)  # the user has just typed it
        return done
