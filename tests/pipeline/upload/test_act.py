"""act: holding, leaving out and retrying files, during an upload and without one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import anyio
import pytest
from trees import content
from worlds import FaultyStore, World, refuse, until

from usenetsync_tui.catalogue.tables import bulk, jobs, snapshots
from usenetsync_tui.disk.source import source_tree
from usenetsync_tui.disk.source.source_file import SourceFile
from usenetsync_tui.errors import SourceFileError, UsageError
from usenetsync_tui.model.entries import Entry, NoticeKind
from usenetsync_tui.model.folders import SnapshotState
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.lists.files import FileAction, FileFilter, FileSelection
from usenetsync_tui.model.outcomes import Outcome
from usenetsync_tui.model.segments import Article
from usenetsync_tui.pipeline.run.action_gate import ActionGate
from usenetsync_tui.pipeline.run.job_run import JobRun
from usenetsync_tui.pipeline.upload.file_actions import FileAct, act
from usenetsync_tui.pipeline.upload.upload import upload

FILES = 320
LATE = b"file 3"
"""Part of the names of files 300 to 319, which are far from the first ones."""


def many_files(world: World) -> None:
    for number in range(FILES):
        (world.root / f"file {number:03}").write_bytes(content(60_000, number))


async def new_run(world: World) -> JobRun:
    run = await world.new_run()
    world.run = run
    return run


@asynccontextmanager
async def held_up(world: World, store: FaultyStore) -> AsyncIterator[JobRun]:
    """An upload that stops after its first article; it continues when the block ends."""
    run, go_on = await new_run(world), anyio.Event()
    outcomes: list[Outcome] = []

    async def hook(article: Article) -> None:
        if not go_on.is_set():
            run.gate.close()
            await go_on.wait()

    async def work() -> None:
        outcomes.append(await upload(run, frozenset()))

    store.before = hook
    async with anyio.create_task_group() as group:
        group.start_soon(work)
        await until(lambda: not run.gate.is_open and run.progress.scanned)
        yield run
        store.before = None
        run.gate.open()
        go_on.set()
    await world.end(run, outcomes[0])


def chosen(world: World, folder: int, words: bytes, version: int = 1) -> FileSelection:
    return FileSelection(folder, version, FileFilter(words=(words,)))


async def do(
    world: World, action: FileAction, words: bytes, run: JobRun | None = None, version: int = 1
) -> int:
    """Act on the files with some text in their path; returns their number."""
    folder, seen = await world.folder(), 0

    def done(count: int) -> None:
        nonlocal seen
        seen += count

    what = FileAct(action, chosen(world, folder.id, words, version), 7)
    async with world.catalogue.transaction() as tx:
        expected = await bulk.count(tx, what.selection, action)
    await act(world.catalogue, what, lambda: run, done)
    assert run is not None or seen == expected
    return seen


def states(world: World) -> dict[bytes, int]:
    rows = world.query("SELECT path_key, state FROM files WHERE last_version IS NULL AND kind = 0")
    return {bytes(key): int(state) for key, state in rows}  # type: ignore[call-overload]


def check_figures(run: JobRun) -> None:
    p = run.progress
    assert (p.done_files, p.done_bytes) == (p.total_files, p.total_bytes)


@pytest.mark.anyio
@pytest.mark.parametrize("action", [FileAction.HOLD, FileAction.LEAVE_OUT])
async def test_files_are_left_out_of_a_running_version(
    world: World, store: FaultyStore, action: FileAction
) -> None:
    world.small(batch_size=50)  # several batches on their way to the readers
    many_files(world)
    async with held_up(world, store) as run:
        assert await do(world, action, LATE, run) == 20
        assert run.progress.errors == run.progress.notices == 20
    check_figures(run)
    told = await world.notices()
    assert {(n.kind, n.reason) for n in told} == {(NoticeKind.LEFT_OUT, bulk.REASONS[action])}
    assert sorted(n.path for n in told) == [b"file %03d" % n for n in range(300, 320)]
    failed = {path for path, state in states(world).items() if state == 2}
    assert failed == {notice.path for notice in told}
    (version,) = await world.snapshots()
    assert (version.state, version.errors) == (SnapshotState.INCOMPLETE, 20)
    world.check_ledger()


@pytest.mark.anyio
async def test_retried_files_are_read_in_the_same_run(world: World, store: FaultyStore) -> None:
    many_files(world)
    copy = world.keep_copy()
    async with held_up(world, store) as run:
        await do(world, FileAction.HOLD, b"file", run)
        held = run.progress.errors
        assert 60 < held < FILES, "what is in a reader's hands is not held"
        assert await do(world, FileAction.RETRY, b"file", run) == held
        assert (run.progress.errors, run.progress.notices) == (0, 0)
        assert not run.progress.latest
    check_figures(run)
    assert await world.notices() == []
    (version,) = await world.snapshots()
    assert version.state is SnapshotState.COMPLETE
    await world.assert_restores(1, copy)


@pytest.mark.anyio
async def test_a_retry_behind_the_reader_is_another_pass(
    world: World, store: FaultyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    many_files(world)
    copy = world.keep_copy()
    opened, refusals = source_tree.SourceTree.open, [b"file 001"]

    def open_later(tree: source_tree.SourceTree, entry: Entry, *, holes: bool) -> SourceFile:
        if entry.path in refusals:
            refusals.remove(entry.path)
            raise SourceFileError(NoticeKind.UNREADABLE, "not now")
        return opened(tree, entry, holes=holes)

    monkeypatch.setattr(source_tree.SourceTree, "open", open_later)
    async with held_up(world, store) as run:
        assert [n.path for n in await world.notices()] == [b"file 001"]
        assert run.progress.errors == 1
        assert await do(world, FileAction.RETRY, b"file 001", run) == 1
        assert run.progress.errors == 0
    check_figures(run)
    assert await world.notices() == []
    await world.assert_restores(1, copy)


async def interrupted(world: World, store: FaultyStore) -> JobRun:
    """An upload drained after its first articles."""
    async with held_up(world, store) as run:
        run.drain()
    return run


@pytest.mark.anyio
async def test_files_left_out_stay_out_when_the_run_resumes(
    world: World, store: FaultyStore
) -> None:
    many_files(world)
    await interrupted(world, store)
    assert await do(world, FileAction.LEAVE_OUT, b"file 30") == 10
    assert await do(world, FileAction.HOLD, b"file 31") == 10
    # The index finds that they can be opened, and adds them; the job keeps them out.
    outcome = await world.upload()
    assert outcome.state is JobState.INCOMPLETE
    assert world.run is not None
    check_figures(world.run)
    assert world.run.progress.errors == 20
    assert len(await world.notices()) == 20
    assert sum(state == 2 for state in states(world).values()) == 20
    # The next version includes files left out of this one, not those still held.
    (world.root / "new").write_bytes(b"new")
    assert (await world.upload()).state is JobState.INCOMPLETE
    assert {n.reason for n in await world.notices()} == {"held by you"}
    failed = {path for path, state in states(world).items() if state == 2}
    assert failed == {b"file %d" % n for n in range(310, 320)}
    world.check_ledger()


@pytest.mark.anyio
async def test_files_retried_without_a_run_are_included(world: World, store: FaultyStore) -> None:
    many_files(world)
    copy = world.keep_copy()
    await interrupted(world, store)
    await do(world, FileAction.HOLD, b"file 31")
    await do(world, FileAction.RETRY, b"file 31")
    assert await world.notices() == []
    version = await world.completed()
    await world.assert_restores(version, copy)


@pytest.mark.anyio
async def test_acting_too_late_needs_another_run(world: World, store: FaultyStore) -> None:
    many_files(world)
    run = await new_run(world)
    outcome = await upload(run, frozenset())
    await world.end(run, outcome)
    with pytest.raises(UsageError, match="already read"):
        await do(world, FileAction.HOLD, b"file", run)
    with pytest.raises(UsageError, match="no upload is running"):
        await do(world, FileAction.LEAVE_OUT, b"file")
    assert not run.action_gate.needs_another_run
    await do(world, FileAction.RETRY, b"file", run)
    assert run.action_gate.needs_another_run, "another run is wanted"


@pytest.mark.anyio
async def test_given_up_articles_need_another_run(world: World, store: FaultyStore) -> None:
    many_files(world)
    async with held_up(world, store) as run:
        pass
    store.before = refuse()
    (world.root / "later").write_bytes(content(60_000, 7777))
    async with world.catalogue.transaction() as tx:
        await snapshots.begin(tx, (await world.folder()).id)
    run = await new_run(world)
    await upload(run, frozenset())
    async with world.catalogue.transaction() as tx:
        # The version continues as if the run had been killed at its end.
        await tx.run("UPDATE snapshots SET state = 0 WHERE version = 2")
        await jobs.set_state(tx, run.job_id, JobState.QUEUED)
    again = replace(run, action_gate=ActionGate())
    assert await do(world, FileAction.RETRY, b"later", again, version=2) == 1
    assert (again.action_gate.needs_another_run, again.action_gate.retries) == (True, 0)
