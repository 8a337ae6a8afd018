"""`usenetsync restore STRING TARGET`: finds the version, loads what it needs of it, restores it.

The index goes into a scratch catalogue, and the ordinary restore works from that. A restore that
was stopped leaves it behind, and the same command goes on.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace

import anyio
from anyio import to_thread

from usenetsync_tui.cli.actions.by_string.recovered import tell_found, time_of
from usenetsync_tui.cli.actions.job_report import CODES, tell
from usenetsync_tui.cli.actions.restore import WAY_OUT, RestoreOptions, worked
from usenetsync_tui.cli.actions.restore_plan import confirm_deletion, show_plan
from usenetsync_tui.cli.options import Voice
from usenetsync_tui.cli.output import progress, voices
from usenetsync_tui.cli.output.exposure import warn_of_servers
from usenetsync_tui.cli.run import Exit, environment
from usenetsync_tui.cli.typed_string import TypedString
from usenetsync_tui.engine.by_string.recovery import Recovery, open_recovery, open_shards
from usenetsync_tui.engine.by_string.scratch import Scratch, is_free, load
from usenetsync_tui.engine.jobs.command_job import CommandJob
from usenetsync_tui.engine.jobs.guarded import guarded
from usenetsync_tui.engine.jobs.new_jobs import new_restore
from usenetsync_tui.engine.opening import OpenCatalogue
from usenetsync_tui.engine.stores import Stores
from usenetsync_tui.errors import UsageError
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.figures import when
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.outcomes import Summary
from usenetsync_tui.model.restored_paths import outermost
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.model.waiting import Waits
from usenetsync_tui.pipeline.index.adoption.wanted import Wanted
from usenetsync_tui.pipeline.index.index_paths import no_such_path
from usenetsync_tui.pipeline.index.read_version import VersionReader
from usenetsync_tui.pipeline.restore.version_paths import contains, spans
from usenetsync_tui.settings.settings import Settings

_DONE = (JobState.COMPLETED, JobState.INCOMPLETE)


async def restore_by_string(typed: TypedString, options: RestoreOptions, voice: Voice) -> Exit:
    """Restore, and print the result; returns the exit code."""
    settings, locations = environment()
    if not voice.quiet:
        warn_of_servers(settings)
    secret = await to_thread.run_sync(typed.secret)
    work = _Restoring(settings, locations, typed, options, voice)
    scratch = Scratch(secret, locations)
    async with scratch.use(), anyio.create_task_group() as group:
        group.start_soon(work.show_progress)
        try:
            summary = await work.run(secret, scratch)
        except UsageError:  # it never gets further
            await _remove(scratch)
            raise
        if summary is None or summary.outcome.state in _DONE:
            await _remove(scratch)
        group.cancel_scope.cancel()
    if summary is None:
        return work.planned
    tell(summary, voice, is_kept=False)
    return CODES[summary.outcome.state]


async def _remove(scratch: Scratch) -> None:
    with anyio.CancelScope(shield=True):
        await to_thread.run_sync(scratch.remove)


class _Restoring:
    """One restore, from the string to its summary."""

    def __init__(
        self,
        settings: Settings,
        locations: Locations,
        typed: TypedString,
        options: RestoreOptions,
        voice: Voice,
    ) -> None:
        self._settings = settings
        self._own = settings, locations
        self._database = typed.database
        self._options = options
        self._paths = tuple(map(os.fsencode, options.paths))
        self._voice = voice
        self._waits = Waits()
        self._job = CommandJob()
        self.planned = Exit.DONE
        """How a dry run ended."""

    async def show_progress(self) -> None:
        """Show it until cancelled."""
        await progress.show(
            lambda: self._job.figures, self._voice, waiting=lambda: self._waits.current
        )

    async def run(self, secret: bytes, scratch: Scratch) -> Summary | None:
        """Load what is needed, and restore it; None for a dry run."""
        async with AsyncExitStack() as stack:
            async with open_recovery(
                secret, *self._own, database=self._database, waits=self._waits
            ) as recovery:
                self._tell_found(recovery)
                reader = await recovery.reader(self._options.version)
                paths = outermost(self._paths, recovery.root.path)
                wanted = Wanted(reader.version, paths)
                await to_thread.run_sync(scratch.begin, wanted)
                opened = await stack.enter_async_context(
                    scratch.catalogue(self._settings, self._waits)
                )
                folder = await load(opened, recovery, wanted, scratch.wrap)
                await self._require_paths(opened, recovery, reader, folder, paths)
            # The connections of the search are closed now: a server allows only so many.
            shards, _ = await stack.enter_async_context(
                open_shards(*self._own, database=self._database, waits=self._waits)
            )
            stores = await stack.enter_async_context(
                Stores(
                    opened.catalogue,
                    *self._own,
                    opened.waits,
                    shards=shards,
                    unwrap=scratch.unwrap,
                )
            )
            return await self._restore(opened, stores, folder, wanted.version)

    def _tell_found(self, recovery: Recovery) -> None:
        """Print which version is the newest, and why no newer one is used."""
        tell_found(recovery, as_json=self._voice.as_json)
        if self._options.version is None and not (self._voice.quiet or self._voice.as_json):
            newest = recovery.root.current
            ended = when(time_of(newest.finished_us))
            voices.complain(
                f"usenetsync: the newest version of {safe_name(recovery.root.name)} that was "
                f"found is {newest.version}, of {ended}."
            )

    async def _require_paths(
        self,
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

    async def _restore(
        self, opened: OpenCatalogue, stores: Stores, folder: Folder, version: int
    ) -> Summary | None:
        in_place = self._options.in_place or await to_thread.run_sync(is_free, folder.path)
        new = await new_restore(
            opened.catalogue,
            replace(self._options.command(folder.id, in_place=in_place), version=version),
            way_out=WAY_OUT,
        )
        never = guarded(*self._own, opened.own)
        if self._options.dry_run:
            self.planned = await show_plan(opened.catalogue, new, never, self._voice)
            return None
        await confirm_deletion(opened.catalogue, new, never, yes=self._options.yes)
        self._job = CommandJob(never)
        await self._job.prepare(stores, new)
        return await worked(self._job, self._voice)
