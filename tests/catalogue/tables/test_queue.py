"""Folders, their versions, and the queue of jobs."""

from __future__ import annotations

import pytest

from usenetsync_tui.catalogue.lookups import overview
from usenetsync_tui.catalogue.lookups.overview import Standing
from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.catalogue.tables import folders, jobs, left_out, snapshots
from usenetsync_tui.catalogue.tables.version_files import VersionCounts
from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.entries import Notice, NoticeKind
from usenetsync_tui.model.folders import (
    Compression,
    Folder,
    Priority,
    Profile,
    SnapshotState,
    StoreKind,
)
from usenetsync_tui.model.jobs import JobState, PastJob, Verb
from usenetsync_tui.model.transitions import JobEvent

COUNTS = VersionCounts(5, 2, 1, 1_000, 0)


@pytest.mark.anyio
async def test_choices_are_remembered(catalogue: Catalogue) -> None:
    given = FolderChoices(StoreKind.MEMORY, Profile.PLAIN, 3, Priority.CRITICAL, Compression.LZMA)
    async with catalogue.transaction() as tx:
        made = await folders.keep(tx, b"/a", given)
        again = await folders.keep(tx, b"/a", FolderChoices())
        assert again == made
        assert (again.realm.store, again.realm.profile) == (StoreKind.MEMORY, Profile.PLAIN)
        assert (again.copies, again.priority) == (3, Priority.CRITICAL)
        assert again.compression is Compression.LZMA
        changed = await folders.keep(tx, b"/a", FolderChoices(copies=1))
        assert (changed.id, changed.copies, changed.priority) == (made.id, 1, Priority.CRITICAL)
        other = await folders.keep(tx, b"/b", FolderChoices(StoreKind.MEMORY, Profile.PLAIN))
        assert other.realm == made.realm


@pytest.mark.anyio
async def test_names_clash_and_are_found(catalogue: Catalogue) -> None:
    paths = [b"/x/photos", b"/y/photos", b"/z/photos", b"/x/photos-2", b"/", b"/bad\xff\x1b", b"/7"]
    async with catalogue.transaction() as tx:
        made = [await folders.keep(tx, p, FolderChoices()) for p in paths]
        names = [f.name for f in made]
        assert names[:3] == ["photos", "photos-2", "photos-3"]
        assert len(set(names)) == len(names)
        assert names[4] == "root"
        for folder in made:
            assert await folders.find(tx, folder.name, b"/nowhere") == folder
            assert await folders.find(tx, "no such name", folder.path) == folder
            assert await folders.by_id(tx, folder.id) == folder
        assert await folders.find(tx, str(made[0].id), b"/nowhere") == made[0]
        # A name goes before an id.
        assert await folders.find(tx, "7", b"/nowhere") == made[-1]
        for word in ("nothing", "99", "9" * 30, "\u0663", "-1", ""):
            assert await folders.find(tx, word, b"/nowhere") is None
        assert [f.name for f in await folders.every(tx)] == sorted(names)


@pytest.mark.anyio
async def test_versions(catalogue: Catalogue, folder: Folder) -> None:
    async with catalogue.transaction() as tx:
        assert await snapshots.begin(tx, folder.id) == 1
        assert await snapshots.begin(tx, folder.id) == 1, "an interrupted one goes on"
        assert await snapshots.latest_finished(tx, folder.id) is None
        await snapshots.add_stored(tx, folder.id, 1, 70)
        await snapshots.add_stored(tx, folder.id, 1, 7)
        await snapshots.finish(tx, folder.id, 1, COUNTS, (5, 0, 0), 0)
        latest = await snapshots.latest_finished(tx, folder.id)
        assert latest is not None
        assert (latest.state, latest.files, latest.stored_size) == (SnapshotState.COMPLETE, 5, 77)
        assert await snapshots.begin(tx, folder.id) == 2
        await snapshots.discard(tx, folder.id, 2)
        await snapshots.discard(tx, folder.id, 1)
        assert [s.version for s in await snapshots.of_folder(tx, folder.id)] == [1]
        assert await snapshots.begin(tx, folder.id) == 2
        await snapshots.finish(tx, folder.id, 2, COUNTS, (0, 1, 0), 3)
        states = [s.state for s in await snapshots.of_folder(tx, folder.id)]
        assert states == [SnapshotState.COMPLETE, SnapshotState.INCOMPLETE]
        assert await snapshots.mark_repaired(tx, folder.id) == [2]


@pytest.mark.anyio
async def test_the_queue_goes_by_priority_and_age(catalogue: Catalogue, folder: Folder) -> None:
    async with catalogue.transaction() as tx:
        others = [await folders.keep(tx, b"/%d" % n, FolderChoices()) for n in range(4)]
        order = [Priority.LOW, Priority.NORMAL, Priority.CRITICAL, Priority.NORMAL]
        ids = [await jobs.queue_upload(tx, f.id, p) for f, p in zip(others, order, strict=True)]
        expected = [ids[2], ids[1], ids[3], ids[0]]
        assert [j.id for j in await jobs.open_jobs(tx)] == expected
        assert await jobs.queue_upload(tx, others[0].id, Priority.HIGH) == ids[0]
        assert [j.id for j in await jobs.open_jobs(tx)] == [ids[2], ids[0], ids[1], ids[3]]
        await jobs.set_state(tx, ids[2], JobState.COMPLETED)
        assert await jobs.queue_upload(tx, others[2].id, Priority.LOW) not in ids
        await jobs.add(tx, folder.id, Verb.RESTORE, Priority.CRITICAL, target=b"/t")
        assert ids[0] == (await jobs.open_jobs(tx))[0].id


@pytest.mark.anyio
async def test_a_running_job_asked_for_again_keeps_running(
    catalogue: Catalogue, folder: Folder
) -> None:
    async with catalogue.transaction() as tx:
        job = await jobs.queue_upload(tx, folder.id, Priority.NORMAL)
        for state, then in (
            (JobState.RUNNING, JobState.RUNNING),
            (JobState.PAUSED, JobState.QUEUED),
        ):
            await jobs.set_state(tx, job, state)
            assert await jobs.queue_upload(tx, folder.id, Priority.HIGH) == job
            found = await jobs.by_id(tx, job)
            assert found is not None
            assert (found.state, found.priority) == (then, Priority.HIGH)
        assert not await jobs.change_state(tx, job, JobEvent.RESUME)
        assert await jobs.change_state(tx, job, JobEvent.CANCEL)


@pytest.mark.anyio
async def test_reasons_are_kept_whatever_is_in_them(catalogue: Catalogue, folder: Folder) -> None:
    told = [Notice(NoticeKind.CHANGED, b"a\xff\n", "bad \0 \udcff words")] * 3
    async with catalogue.transaction() as tx:
        job = await jobs.queue_upload(tx, folder.id, Priority.NORMAL)
        await jobs.add_notices(tx, job, told)
        await jobs.set_state(tx, job, JobState.FAILED, "\0 \udcff")
        found = await jobs.notices(tx, job, 0, 2)
        assert [n.path for _, n in found] == [b"a\xff\n"] * 2
        assert found[0][1].reason == "bad  ? words"
        assert len(await jobs.notices(tx, job, found[-1][0], 9)) == 1
        await jobs.clear_notices(tx, job)
        assert await jobs.notices(tx, job, 0, 9) == []


@pytest.mark.anyio
async def test_the_queue_takes_only_its_own_jobs(catalogue: Catalogue, folder: Folder) -> None:
    async with catalogue.transaction() as tx:
        upload = await jobs.queue_upload(tx, folder.id, Priority.NORMAL)
        ours, theirs = [
            await jobs.add(tx, folder.id, Verb.VERIFY, Priority.HIGH, bodies=queued, queued=queued)
            for queued in (True, False)
        ]
        assert [j.id for j in await jobs.open_jobs(tx)] == [ours, upload]
        assert await jobs.open_of_folder(tx, folder.id, Verb.VERIFY) == ours
        assert await jobs.open_of_folder(tx, folder.id, Verb.RESTORE) is None
        assert [await jobs.verify_options(tx, j) for j in (ours, theirs)] == [(True, 1), (False, 1)]
        for job in (ours, theirs):
            await jobs.set_state(tx, job, JobState.RUNNING)
        await jobs.requeue_interrupted(tx)
        states = [j.state for j in await jobs.recent(tx, 3)]
        assert states == [JobState.RUNNING, JobState.QUEUED, JobState.QUEUED]
        assert not await jobs.change_state(tx, theirs, JobEvent.PAUSE)
        changed = await jobs.change_all(tx, JobEvent.PAUSE)
        assert sorted(changed) == [upload, ours]
        (standing,) = await overview.every(tx)
        assert standing.job is not None and standing.job.id == ours, "the newest of the open ones"
        await jobs.set_state(tx, theirs, JobState.COMPLETED)
        await jobs.set_state(tx, ours, JobState.COMPLETED)
        (standing,) = await overview.every(tx)
        assert standing.job is not None and standing.job.id == upload, "open before over"
        assert standing.backup == standing.job
        assert standing.errand is not None and standing.errand.id == theirs


@pytest.mark.anyio
async def test_how_all_folders_stand(catalogue: Catalogue, folder: Folder) -> None:
    async with catalogue.transaction() as tx:
        other = await folders.keep(tx, b"/data/music", FolderChoices())
        nothing = (None,) * 4
        assert await overview.every(tx) == [Standing(f, *nothing) for f in (other, folder)]
        for _ in range(2):
            version = await snapshots.begin(tx, folder.id)
            await snapshots.finish(tx, folder.id, version, COUNTS, (5, 0, 0), 0)
        await snapshots.begin(tx, folder.id)
        job = await jobs.queue_upload(tx, folder.id, Priority.NORMAL)
        (_, standing) = await overview.every(tx)
        assert standing.folder == folder
        assert standing.latest is not None
        assert standing.latest.version == 2
        now = standing.backup
        assert now is not None
        assert (now.id, now.version) == (job, 3), "it goes on with what is under construction"
        pages = [await jobs.history(tx, None, 1), await jobs.history(tx, job, 5, other.id)]
        assert pages == [[PastJob(now, folder.name)], []]


@pytest.mark.anyio
async def test_files_that_are_left_out_are_remembered(catalogue: Catalogue, folder: Folder) -> None:
    long = b"deep/" * 900 + b"file"
    told = [
        Notice(NoticeKind.LEFT_OUT, b"held", left_out.HELD),
        Notice(NoticeKind.LEFT_OUT, long, "left out by you"),
        Notice(NoticeKind.UNREADABLE, b"bad", "no"),
    ]
    async with catalogue.transaction() as tx:
        job = await jobs.queue_upload(tx, folder.id, Priority.NORMAL)
        assert not await left_out.any_of(tx, job)
        await jobs.add_notices(tx, job, told)
        await jobs.clear_notices(tx, job)
        assert await left_out.any_of(tx, job)
        paths = [b"held", long, b"bad", b"other"]
        expected = {b"held": left_out.HELD, long: "left out by you"}
        assert await left_out.among(tx, job, paths) == expected
        version = await snapshots.begin(tx, folder.id)
        await jobs.add_notices(tx, job, told[1:2])
        await jobs.set_version(tx, job, version)
        assert await left_out.among(tx, job, paths) == {b"held": left_out.HELD}
        await jobs.add_notices(tx, job, told[1:2])
        await jobs.set_state(tx, job, JobState.CANCELLED)
        again = await jobs.queue_upload(tx, folder.id, Priority.NORMAL)
        assert await left_out.among(tx, again, paths) == expected, "the same version goes on"
        await jobs.set_version(tx, again, version)
        assert await left_out.among(tx, again, paths) == expected
        kinds = await left_out.delete_notices(tx, again, [long, b"other"])
        assert kinds == [NoticeKind.LEFT_OUT]
        await left_out.clear(tx, again)
        assert not await left_out.any_of(tx, again)
