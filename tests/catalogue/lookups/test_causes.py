"""The causes of incomplete files, grouped, with the paths they affect."""

from __future__ import annotations

import hashlib

import pytest

from usenetsync_tui.catalogue.lookups import causes
from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.catalogue.tables import files, jobs, objects, segments
from usenetsync_tui.catalogue.tables.objects import NewObject
from usenetsync_tui.model.digests import DigestKind, FileDigest
from usenetsync_tui.model.entries import Entry, Notice, NoticeKind
from usenetsync_tui.model.folders import Folder, Priority
from usenetsync_tui.model.jobs import Verb
from usenetsync_tui.model.ports.browser import Cause
from usenetsync_tui.model.segments import Codec, Receipt, Segment, SegmentStatus

DENIED = "Permission denied"
REFUSED = "The store refused. server2: 441 posting failed"


async def job(catalogue: Catalogue, folder: Folder, verb: Verb, *told: Notice) -> int:
    async with catalogue.transaction() as tx:
        made = await jobs.add(tx, folder.id, verb, Priority.NORMAL)
        await jobs.add_notices(tx, made, told)
    return made


async def of(catalogue: Catalogue, folder: Folder, limit: int = 50) -> list[Cause]:
    async with catalogue.transaction() as tx:
        return await causes.of_folder(tx, folder.id, limit)


async def affected_paths(
    catalogue: Catalogue, folder: Folder, cause: Cause, limit: int = 2
) -> list[bytes]:
    found: list[bytes] = []
    while True:
        async with catalogue.transaction() as tx:
            after = found[-1] if found else None
            page = await causes.affected_paths(tx, folder.id, cause, after, limit)
        found += page
        if len(page) < limit:
            return found


async def post(
    catalogue: Catalogue, folder: Folder, number: int, paths: list[bytes], *errors: str
) -> None:
    """An object of these files with one given-up article for each of the reasons."""
    entries = [Entry(path, 0, 5, 1, 1, 1, 0o644, None) for path in paths]
    made = NewObject(number, 0, 5, 1, len(errors) + 1, 1, min(paths), max(paths))
    async with catalogue.transaction() as tx:
        await files.apply_changes(tx, folder.id, 1, entries, [])
        await objects.insert(tx, folder.id, folder.realm.id, 1, [made])
        placed = [
            files.Placed(path, number, 0, FileDigest(DigestKind.BLAKE3, b"s")) for path in paths
        ]
        await files.set_planned(tx, folder.id, placed)
        for index, error in enumerate(("", *errors)):
            name = hashlib.md5(b"%d %d" % (number, index)).digest()
            article = Segment(
                number, index, 0, 1, name * 2, Codec.NONE, 1, name, SegmentStatus.PLANNED
            )
            await segments.insert(tx, folder.realm.id, [article])
            if error == "gone":
                await segments.mark_posted(tx, {name: Receipt("server1")})
                await segments.mark_missing(tx, [name], "posted, but not there")
            elif error:
                await segments.mark_failed(tx, name, 3, error)


@pytest.mark.anyio
async def test_nothing_went_wrong(catalogue: Catalogue, folder: Folder) -> None:
    assert await of(catalogue, folder) == []
    await job(catalogue, folder, Verb.UPLOAD, Notice(NoticeKind.SKIPPED, b"fifo", "a FIFO"))
    assert await of(catalogue, folder) == []


@pytest.mark.anyio
async def test_the_causes_the_latest_job_reported(catalogue: Catalogue, folder: Folder) -> None:
    await job(catalogue, folder, Verb.UPLOAD, Notice(NoticeKind.CHANGED, b"before", "old"))
    told = [Notice(NoticeKind.UNREADABLE, b"%d" % n, DENIED) for n in range(5)]
    told += [Notice(NoticeKind.VANISHED, b"\xff\n", "gone"), told[0]]
    await job(catalogue, folder, Verb.UPLOAD, *told)
    denied, gone = await of(catalogue, folder)
    assert denied == Cause(NoticeKind.UNREADABLE, DENIED, "", 6)
    assert gone == Cause(NoticeKind.VANISHED, "gone", "", 1)
    assert await of(catalogue, folder, 1) == [denied]
    assert await affected_paths(catalogue, folder, denied) == [b"%d" % n for n in range(5)]
    assert await affected_paths(catalogue, folder, gone) == [b"\xff\n"]


@pytest.mark.anyio
async def test_names_of_articles_are_no_causes(catalogue: Catalogue, folder: Folder) -> None:
    names = [hashlib.md5(b"%d" % n).hexdigest() for n in range(3)]
    told = [Notice(NoticeKind.UNWRITABLE, b"%d" % n, f"441 <{name}@x> refused")
            for n, name in enumerate(names)]  # fmt: skip
    told += [Notice(NoticeKind.UNWRITABLE, b"x%d" % n, f"article {name} of it is damaged")
             for n, name in enumerate(names[:2])]  # fmt: skip
    told += [Notice(NoticeKind.UNWRITABLE, b"y", "a < b > c … 0123456789abcdef")]
    await job(catalogue, folder, Verb.UPLOAD, *told)
    found = await of(catalogue, folder)
    assert [(c.reason, c.count) for c in found] == [
        ("441 … refused", 3),
        ("article … of it is damaged", 2),
        ("a < b > c … 0123456789abcdef", 1),
    ]
    assert await affected_paths(catalogue, folder, found[0]) == [b"0", b"1", b"2"]
    assert await affected_paths(catalogue, folder, found[1]) == [b"x0", b"x1"]
    assert await affected_paths(catalogue, folder, found[2]) == [b"y"]


@pytest.mark.anyio
async def test_causes_of_articles_come_from_the_ledger(
    catalogue: Catalogue, folder: Folder
) -> None:
    await post(catalogue, folder, 1, [b"a"], REFUSED, REFUSED, "no <1@x> here")
    await post(catalogue, folder, 2, [b"p1", b"p2", b"p3"], REFUSED, "no <2@x> here")
    await post(catalogue, folder, 3, [b"z"], "gone")
    await job(
        catalogue,
        folder,
        Verb.UPLOAD,
        Notice(NoticeKind.UNPOSTED, b"a", REFUSED),  # already reported
        Notice(NoticeKind.UNPOSTED, b"s", "an article of it was not posted"),
        Notice(NoticeKind.MISSING, b"z", "article of it is missing"),
    )
    refused, here, missing, unsaid = await of(catalogue, folder)
    assert refused == Cause(NoticeKind.UNPOSTED, REFUSED, "", 3)
    assert here == Cause(NoticeKind.UNPOSTED, "no … here", "", 2)
    assert missing == Cause(NoticeKind.MISSING, "posted, but not there", "server1", 1)
    assert unsaid == Cause(NoticeKind.UNPOSTED, "an article of it was not posted", "", 1)
    assert await affected_paths(catalogue, folder, refused) == [b"a", b"p1", b"p2", b"p3"]
    assert await affected_paths(catalogue, folder, here) == [b"a", b"p1", b"p2", b"p3"]
    assert await affected_paths(catalogue, folder, missing) == [b"z"]
    assert await affected_paths(catalogue, folder, unsaid) == [b"s"]


@pytest.mark.anyio
async def test_articles_a_restore_finds_missing_are_listed_too(
    catalogue: Catalogue, folder: Folder
) -> None:
    told = [Notice(NoticeKind.MISSING, b"a", "not there"), Notice(NoticeKind.DAMAGED, b"b", "bad")]
    told += [Notice(NoticeKind.SKIPPED, b"c", "a FIFO"), Notice(NoticeKind.NOTED, b"d", "no fault")]
    await job(catalogue, folder, Verb.RESTORE, *told)
    assert [(c.kind, c.reason) for c in await of(catalogue, folder)] == [
        (NoticeKind.DAMAGED, "bad"),
        (NoticeKind.MISSING, "not there"),
    ]
    await job(catalogue, folder, Verb.VERIFY, *told)
    assert await of(catalogue, folder) == []
