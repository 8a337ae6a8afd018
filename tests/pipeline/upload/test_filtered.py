"""Filters from one version to the next: what falls out is removed, with its reason."""

from __future__ import annotations

import os
import random
from collections import Counter
from dataclasses import replace

import pytest
from guarded import fill
from worlds import World

from usenetsync_tui.catalogue.lookups import differences, past
from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.dry_runs import DryRunRow
from usenetsync_tui.model.filters import FilterChoices
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.versions.changes import Change, ChangeRow
from usenetsync_tui.model.versions.history import PastState
from usenetsync_tui.pipeline.upload.dry_run import DryRun, RefusedError
from usenetsync_tui.pipeline.upload.upload import upload

pytestmark = pytest.mark.anyio


def _filter(world: World, *patterns: bytes, **more: object) -> None:
    chosen = replace(FilterChoices(exclude=patterns, clear=True), **more)  # type: ignore[arg-type]
    world.choices = FolderChoices(filters=chosen)


async def _changes(world: World, older: int, newer: int) -> dict[bytes, ChangeRow]:
    folder = await world.folder()
    async with world.catalogue.transaction() as tx:
        rows = await differences.page(tx, folder.id, (older, newer), None, 10_000)
    return {row.path: row for row in rows}


async def _history(world: World, path: bytes) -> list[PastState]:
    folder = await world.folder()
    async with world.catalogue.transaction() as tx:
        return await past.of_path(tx, folder.id, path)


async def _planned(world: World, *, allow_shrink: bool = False) -> list[DryRunRow]:
    """A dry run, which must leave the catalogue as it was."""
    folder = await world.folder()
    filters = world.choices.filters.applied_to(folder.filters)
    path = os.fsencode(world.root)
    wanted = DryRun(world.catalogue, path, folder, filters, allow_shrink=allow_shrink)
    tables = ("files", "snapshots", "vanished", "exclusions", "jobs", "notices", "objects")
    before = [world.query(f"SELECT t::text FROM {name} t ORDER BY 1") for name in tables]
    rows = [row async for batch in wanted.batches() for row in batch.rows]
    assert before == [world.query(f"SELECT t::text FROM {name} t ORDER BY 1") for name in tables]
    return rows


async def test_what_falls_out_is_removed_with_its_rule(world: World) -> None:
    """Nearly everything is excluded: no sign of a missing disk. Older versions keep it."""
    fill(world.root / "out/deep", 300)
    fill(world.root / "in", 3)
    (world.root / "in/x.o").write_text("o")
    assert await world.completed() == 1
    whole = world.keep_copy()

    _filter(world, b"out/", b"*.o")
    assert await world.completed() == 2
    assert (await world.snapshots())[1].removed == 301
    changes = await _changes(world, 1, 2)
    gone = changes[b"in/x.o"]
    assert (gone.change, str(gone.rule)) == (Change.EXCLUDED, "*.o (--exclude)")
    assert {str(r.rule) for p, r in changes.items() if p.startswith(b"out/")} == {
        "out/ (--exclude)"
    }
    came, went = reversed(await _history(world, b"in/x.o"))
    assert (went.version, went.change, went.rule) == (2, gone.change, gone.rule)
    assert (came.version, came.is_gone, came.rule) == (1, False, None)
    await world.assert_restores(1, whole)
    restored = await world.restore(2)
    assert sorted(os.listdir(restored)) == ["in"]
    assert "x.o" not in os.listdir(restored / "in")

    (world.root / "in/x.o").unlink()
    _filter(world, b"out/deep/")
    assert await world.completed() == 3
    changes = await _changes(world, 2, 3)
    assert {p: r.change for p, r in changes.items()} == {b"out/": Change.ADDED}
    # Later it vanished indeed: that is the reason from 1 to 4.
    assert (await _changes(world, 1, 3))[b"in/x.o"].change is Change.EXCLUDED
    _filter(world)
    assert await world.completed() == 4
    changes = await _changes(world, 1, 4)
    assert {p: str(r.rule) for p, r in changes.items() if r.change is Change.EXCLUDED} == {
        b"in/x.o": "*.o (--exclude)"
    }


async def test_missing_files_beside_excluded_ones_are_missed(world: World) -> None:
    fill(world.root / "out", 300)
    fill(world.root / "in", 200)
    await world.completed()
    _filter(world, b"out/")
    for file in (world.root / "in").iterdir():
        file.unlink()
    with pytest.raises(RefusedError):
        await _planned(world)
    outcome = await world.upload()
    assert outcome.refusal is not None
    assert (outcome.refusal.files, outcome.refusal.missing) == (200, 200)
    await world.completed(allow_shrink=True)


async def test_an_ignore_file_that_cannot_be_read_keeps_the_last_state(world: World) -> None:
    fill(world.root / "s", 3)
    await world.completed()
    (world.root / "s/new").touch()
    (world.root / "s/.usenetsyncignore").symlink_to("/dev/null")
    assert (await world.upload()).state is JobState.INCOMPLETE
    restored = await world.restore(2)
    assert len(os.listdir(restored / "s")) == 3


async def test_a_dry_run_says_what_the_upload_does(world: World) -> None:
    """Of a tree that changes at random, and of an upload that was interrupted."""
    dice = random.Random(7)
    for step in range(4):
        for number in range(60):
            place = world.root / f"d{number % 7}" / f"{number}.{'abco'[number % 4]}"
            place.parent.mkdir(exist_ok=True)
            if dice.random() < 0.4:
                place.write_bytes(dice.randbytes(dice.randrange(2_000)))
            elif dice.random() < 0.1:
                place.unlink(missing_ok=True)
        _filter(world, *[(), (b"*.o",), (b"/d3", b"!*.b"), (b"*.c", b"d1/", b"!7.c")][step])
        planned = await _planned(world, allow_shrink=True)
        if step == 2:
            run = await world.new_run()
            run.allow_shrink = True
            run.drain()  # a version is under construction from now on
            assert (await upload(run)).state is JobState.QUEUED
            again = await _planned(world, allow_shrink=True)
            assert [(r.change, r.path) for r in again] == [(r.change, r.path) for r in planned]
        version = await world.completed(allow_shrink=True)
        changes = (await _changes(world, version - 1, version)).values() if step else ()
        if step:
            found = Counter((r.path, r.new_size) for r in changes)
            rows = [r for r in planned if r.change is not Change.EXCLUDED and r.path]
            is_file = [r for r in rows if not r.path.endswith(b"/")]
            told = Counter(
                (r.path, None if r.change is Change.REMOVED else r.size) for r in is_file
            )
            assert told == Counter({k: n for k, n in found.items() if not k[0].endswith(b"/")})
            ruled = {r.path for r in planned if r.change is Change.REMOVED and r.rule}
            assert ruled == {r.path for r in changes if r.change is Change.EXCLUDED}
        assert world.run is not None
        to_post, read = sum(r.to_post for r in planned), world.run.progress.total_bytes
        assert to_post <= read  # an upload also reads files that may have changed unnoticed
        assert bool(to_post) == bool(world.run.progress.posted_bytes)
