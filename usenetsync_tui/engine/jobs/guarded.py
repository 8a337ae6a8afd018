"""What a restore must never delete, whatever the version has: our own files, and global filters."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import field
from typing import TYPE_CHECKING

from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.disk.source.own_files import OwnPath
from usenetsync_tui.engine.jobs.new_jobs import NewJob
from usenetsync_tui.engine.own_paths import own_paths
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.restores.choices import RestoreChoices
from usenetsync_tui.model.restores.plans import PlanBatch
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.settings.settings import Settings

if TYPE_CHECKING:  # an upload needs nothing of a restore
    from usenetsync_tui.pipeline.restore.target_parts import TargetParts


@value_object
class Guarded:
    """Of one program."""

    own: tuple[OwnPath, ...] = ()
    global_patterns: tuple[bytes, ...] = field(default=())


def guarded(settings: Settings, locations: Locations, database: Iterable[OwnPath]) -> Guarded:
    """By the current settings; `database`: the embedded database's folders."""
    own = own_paths(settings, locations, database, own_files=False)
    return Guarded(tuple(own), settings.global_patterns)


def parts_of(
    folder: Folder,
    target: bytes,
    paths: Sequence[bytes],
    choices: RestoreChoices,
    never: Guarded,
) -> TargetParts:
    """The parts of a target that a restore of a folder is about. `UsageError`."""
    from usenetsync_tui.pipeline.restore.target_parts import TargetParts

    return TargetParts(
        target,
        paths,
        choices,
        filters=folder.filters,
        global_patterns=never.global_patterns,
        own=never.own,
    )


async def planned(
    catalogue: Catalogue, new: NewJob, never: Guarded, *, only_deleted: bool = False
) -> AsyncIterator[PlanBatch]:
    """What a checked restore would do; `only_deleted`: only what it would delete."""
    from usenetsync_tui.pipeline.restore.plan import plan, plan_deletion

    assert new.target is not None
    parts = parts_of(new.folder, new.target, new.paths, new.choices, never)
    of_all = plan_deletion if only_deleted else plan
    async for batch in of_all(catalogue, new.folder, new.version, new.paths, parts):
        yield batch
