"""Restores a version with a recovery string: finds it, loads what it needs of it, restores that.

The index goes into a scratch catalogue, and the ordinary restore works from that. A restore that
was stopped leaves it behind, and the same request goes on. Refuses to know who asks: the command
and the engine have this one way.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import field, replace

import anyio
from anyio import to_thread

from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.engine.by_string.recovery import Recovery, open_recovery, open_shards
from usenetsync_tui.engine.by_string.scratch import Scratch, is_free, load
from usenetsync_tui.engine.jobs.command_job import CommandJob
from usenetsync_tui.engine.jobs.guarded import Guarded, guarded
from usenetsync_tui.engine.jobs.new_jobs import NewJob, new_restore
from usenetsync_tui.engine.opening import OpenCatalogue
from usenetsync_tui.engine.stores import Stores
from usenetsync_tui.errors import UsageError
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.commands.jobs import Restore
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.outcomes import Summary
from usenetsync_tui.model.restores.paths import outermost
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.model.waiting import Waits
from usenetsync_tui.pipeline.index.adoption.load_progress import LoadProgress
from usenetsync_tui.pipeline.index.adoption.wanted import Wanted
from usenetsync_tui.pipeline.index.index_paths import no_such_path
from usenetsync_tui.pipeline.index.read_version import VersionReader
from usenetsync_tui.pipeline.restore.version_paths import contains, spans
from usenetsync_tui.settings.settings import Settings
from usenetsync_tui.store.usenet.store import UsenetServers

_DONE = (JobState.COMPLETED, JobState.INCOMPLETE)


@value_object
class WantedByString:
    """What to restore, and where to."""

    restore: Restore
    """Its folder is that of the string, whatever it says."""
    way_out: str = "Choose another folder."
    """What the user can do when the target overlaps the folder's own place."""
    database: str | None = field(default=None, repr=False)
    """Where the articles are; None: where the settings say. It may hold a password."""


class StringRestore:
    """One restore, from the secret to its summary."""

    def __init__(
        self,
        settings: Settings,
        locations: Locations,
        wanted: WantedByString,
        waits: Waits,
        *,
        found: Callable[[Recovery], object],
        goes_on: Callable[[Catalogue, NewJob, Guarded], Awaitable[bool]] | None = None,
        work: Callable[[CommandJob], Awaitable[Summary]] = CommandJob.work,
        keeps: bool = False,
        servers: UsenetServers | None = None,
    ) -> None:
        """`found` hears what the string leads to. `goes_on` may look at the restore before it
        begins, and end it with False. `work`: runs the job. `keeps`: what was loaded is left for
        the next one if the restore has not begun.

        `servers`: those that the caller has open already.
        """
        self._settings = settings
        self._locations = locations
        self._wanted = wanted
        self._waits = waits
        self._found = found
        self._goes_on = goes_on
        self._work = work
        self._keeps = keeps
        self._servers = servers
        self.version: int | None = None
        """The version that is restored, once it is found."""
        self.loaded = LoadProgress()
        """How far the index is loaded."""
        self.job = CommandJob()
        """The restore itself, once the index is loaded."""

    async def run(self, secret: bytes) -> Summary | None:
        """Restore; what is left behind of a restore that was stopped is used. None: no restore.

        `UsageError`, `UnknownSnapshotError`, `UnknownPathError`; errors of `open_recovery`.
        """
        scratch = Scratch(secret, self._locations)
        async with scratch.use():
            try:
                summary = await self._run(secret, scratch)
            except UsageError:  # it never gets further
                await _remove(scratch)
                raise
            is_done = not self._keeps if summary is None else summary.outcome.state in _DONE
            if is_done:
                await _remove(scratch)
        return summary

    async def _run(self, secret: bytes, scratch: Scratch) -> Summary | None:
        own, database = (self._settings, self._locations), self._wanted.database
        async with AsyncExitStack() as stack:
            async with open_recovery(
                secret, *own, database=database, waits=self._waits, servers=self._servers
            ) as recovery:
                self._found(recovery)
                reader = await recovery.reader(self._wanted.restore.version)
                self.version = reader.version
                paths = outermost(self._wanted.restore.paths, recovery.root.path)
                wanted = Wanted(reader.version, paths)
                await to_thread.run_sync(scratch.begin, wanted)
                opened = await stack.enter_async_context(
                    scratch.catalogue(self._settings, self._waits)
                )
                folder = await load(opened, recovery, wanted, scratch.wrap, self.loaded)
                await _require_paths(opened, recovery, reader, folder, paths)
            # The connections of the search are closed now: a server allows only so many.
            shards, _ = await stack.enter_async_context(
                open_shards(*own, database=database, waits=self._waits)
            )
            stores = await stack.enter_async_context(
                Stores(
                    opened.catalogue,
                    *own,
                    opened.waits,
                    shards=shards,
                    unwrap=scratch.unwrap,
                    servers=self._servers,
                )
            )
            return await self._restore(opened, stores, folder, wanted.version)

    async def _restore(
        self, opened: OpenCatalogue, stores: Stores, folder: Folder, version: int
    ) -> Summary | None:
        wanted = self._wanted.restore
        in_place = wanted.in_place or await to_thread.run_sync(is_free, folder.path)
        new = await new_restore(
            opened.catalogue,
            replace(wanted, folder_id=folder.id, version=version, in_place=in_place),
            way_out=self._wanted.way_out,
        )
        never = guarded(self._settings, self._locations, opened.own)
        if self._goes_on and not await self._goes_on(opened.catalogue, new, never):
            return None
        self.job = CommandJob(never)
        await self.job.prepare(stores, new)
        return await self._work(self.job)


async def _remove(scratch: Scratch) -> None:
    with anyio.CancelScope(shield=True):
        await to_thread.run_sync(scratch.remove)


async def _require_paths(
    opened: OpenCatalogue,
    recovery: Recovery,
    reader: VersionReader,
    folder: Folder,
    paths: Sequence[bytes],
) -> None:
    """`UnknownPathError` names the nearest path of the whole version."""
    for path in paths or (b"",):
        async with opened.catalogue.transaction() as tx:
            there = await contains(tx, spans(folder.id, reader.version, path))
        if not there:
            root = recovery.root
            raise await no_such_path(reader, path, root.name, root.path)
