"""Restores and verifies before they run: one set of checks for requests and for commands."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from engine_ground import job, kept, running

from usenetsync_tui.catalogue.session import Catalogue, Transaction
from usenetsync_tui.engine.engine import Engine
from usenetsync_tui.engine.jobs.new_jobs import NewJob, add, new_restore, new_verify, queue
from usenetsync_tui.errors import UnknownFolderError, UnknownSnapshotError, UsageError
from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.commands.jobs import Restore, Verify
from usenetsync_tui.model.folders import Priority
from usenetsync_tui.model.jobs import Verb
from usenetsync_tui.model.restores.choices import Overwrite, RestoreChoices
from usenetsync_tui.postgres.pool import Pool

pytestmark = pytest.mark.anyio
Put = Callable[[Transaction, NewJob], Awaitable[int]]


async def test_a_restore_is_checked_before_it_is_added(
    engine: Engine, folder: Path, tmp_path: Path, pool: Pool
) -> None:
    async with running(engine):
        number = (await kept(engine, folder, FolderChoices())).folder.id
    catalogue, out = Catalogue(pool), os.fsencode(tmp_path / "out")

    async def restore(target: bytes = out, **more: object) -> NewJob:
        wanted = Restore(number, target, **more)  # type: ignore[arg-type]
        return await new_restore(catalogue, wanted, way_out="Go.")

    with pytest.raises(UsageError, match=r"is inside the backed-up folder .* Go\.$"):
        await restore(os.fsencode(folder / "below"))
    with pytest.raises(UnknownSnapshotError, match="no version 7"):
        await restore(version=7)
    with pytest.raises(UnknownFolderError):
        await new_restore(catalogue, Restore(999, out), way_out="")
    assert (await restore(os.fsencode(folder), in_place=True)).target == os.fsencode(folder)
    choices = RestoreChoices((b"*.\xff",), Overwrite.IF_NEWER, delete=True)
    with pytest.raises(UsageError, match="bracket is not closed"):
        await restore(choices=RestoreChoices((b"a[",)))
    whole, part = await restore(), await restore(paths=(b"large",), choices=choices)
    assert (whole.version, whole.paths, part.paths) == (1, (), (b"large",))
    copied = os.path.join(os.fsencode(folder), b"large")
    several = await restore(paths=(copied, b"large/"))
    assert several.paths == (b"large",)  # as it is in the folder
    with pytest.raises(UsageError, match="up to 1,000 paths"):
        await restore(paths=tuple(b"%d" % n for n in range(1001)))

    async with catalogue.transaction() as tx:
        checked = await new_verify(tx, Verify(number, bodies=True))
        with pytest.raises(UnknownFolderError):
            await new_verify(tx, Verify(999))

    async def put(into: Put, new: NewJob) -> tuple[Verb, Priority, int | None]:
        async with catalogue.transaction() as tx:
            added = await into(tx, new)
        found = await job(pool, added)
        return found.verb, found.priority, found.version

    # A command runs its own job, whatever the queue has.
    for _ in range(2):
        assert await put(add, whole) == (Verb.RESTORE, Priority.NORMAL, 1)
        assert await put(add, checked) == (Verb.VERIFY, Priority.NORMAL, 1)
    async with catalogue.transaction() as tx:
        added = await add(tx, part)
    # A resumed job goes on with the same choices.
    assert (await job(pool, added)).choices == choices
    # The queue takes each job once, and a restore before the folder's own uploads.
    for new, priority in (
        (whole, Priority.HIGH),
        (part, Priority.HIGH),
        (checked, Priority.NORMAL),
    ):
        assert await put(queue, new) == (new.verb, priority, 1)
        with pytest.raises(UsageError, match="already"):
            await put(queue, new)
    with pytest.raises(UsageError, match="It is being verified already"):
        await put(queue, NewJob(checked.folder, Verb.VERIFY, 2))
