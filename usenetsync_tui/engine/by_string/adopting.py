"""Adopts a folder by its recovery string on behalf of the screen, beside the jobs.

Knows how far it is and what went wrong. Never logs the string.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from anyio import to_thread
from anyio.abc import TaskGroup

from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.catalogue.tables import folders
from usenetsync_tui.codec.recovery_string import read_string
from usenetsync_tui.engine.by_string.adoption import Adoption, adopt_folder
from usenetsync_tui.engine.progress.events import EventLog
from usenetsync_tui.errors import UsageError, UsenetSyncError
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.commands import Adopt
from usenetsync_tui.model.figures import plural
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.model.status import Adopting
from usenetsync_tui.model.waiting import Waits
from usenetsync_tui.pipeline.index.adoption.adopted_pages import LoadProgress
from usenetsync_tui.settings.settings import Settings


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

    @property
    def adopting(self) -> Adopting | None:
        """The latest adoption, as far as it is."""
        if self._now is None or self._now.over:
            return self._now
        return replace(self._now, folder=self._progress.folder, files=self._progress.files)

    def begin(self, command: Adopt) -> None:
        """Begin. `UsageError` while another one runs."""
        if self._now is not None and not self._now.over:
            raise UsageError("Another folder is being adopted. Wait until it is there.")
        self._progress = LoadProgress()
        self._now = Adopting(self._now.number + 1 if self._now else 1)
        self.group.start_soon(self._run, self._now, command)

    async def _run(self, begun: Adopting, command: Adopt) -> None:
        try:
            done = await self._adopted(command)
        except UsenetSyncError as error:
            self._now = replace(begun, over=True, problem=str(error))
            if error.retryable:
                raise
            return
        newest, before = done.adopted.newest, done.adopted.before
        how = f"brought forward from version {before}" if before else "adopted up"
        words = (
            f"{done.adopted.name}: {how} to version {newest.version}, "
            f"{plural(newest.files, 'file')}"
        )
        self.events.info(safe_name(words))
        if done.unsure:
            self.events.warn(safe_name(f"There may be a newer version: {done.unsure}"))
        name = done.adopted.name
        self._now = replace(begun, over=True, folder=name, files=newest.files, outcome=words)

    async def _adopted(self, command: Adopt) -> Adoption:
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
