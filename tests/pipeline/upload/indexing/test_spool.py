"""New files on their way from the walk to the readers."""

from __future__ import annotations

import resource
from collections.abc import Sequence

import pytest
from trees import small_files
from worlds import World

from usenetsync_tui.catalogue.session import Transaction
from usenetsync_tui.catalogue.tables.files import PendingFile
from usenetsync_tui.model.entries import Entry, FileKind
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.path_keys import path_key
from usenetsync_tui.pipeline.upload import pending, stages
from usenetsync_tui.pipeline.upload.indexing.index_result import IndexResult
from usenetsync_tui.pipeline.upload.indexing.spool import Spool


def entry(path: bytes, kind: FileKind = FileKind.REGULAR) -> Entry:
    return Entry(path, kind.value, 7, -1, 2, 3, 0o644, None, 4, 5)


def opened(most: int = 1 << 20) -> Spool:
    spool = Spool(most)
    spool.open(-1)
    return spool


def taken(spool: Spool) -> list[bytes]:
    return [file.entry.path for file in spool.take()]


def test_files_come_out_as_they_went_in() -> None:
    long = b"l" * 3_000
    spool = opened()
    spool.add([entry(b"", FileKind.DIRECTORY), entry(b"a\xff"), entry(b"b", FileKind.SYMLINK)])
    spool.add([entry(b"d/", FileKind.DIRECTORY)])
    spool.add([entry(b"d/e"), entry(long)])
    assert spool
    assert spool.take() == [PendingFile(entry(b"a\xff"), None, b"a\xff", has_past=False)]
    assert spool.take() == [
        PendingFile(entry(b"d/e"), None, b"d/e", has_past=False),
        PendingFile(entry(long), None, path_key(long), has_past=False),
    ]
    assert not spool
    assert spool.take() == []
    spool.add([entry(b"x")])
    assert taken(spool) == [b"x"]
    spool.close()


def test_what_does_not_fit_is_not_followed_by_anything() -> None:
    """Else the readers would skip it."""
    spool = opened(100)
    spool.add([entry(b"a")])
    spool.add([entry(b"b" * 100)])
    assert not spool.is_open
    spool.add([entry(b"c")])
    assert taken(spool) == [b"a"]
    assert taken(spool) == []
    spool.close()


def test_a_full_disk_closes_it_and_keeps_what_it_has() -> None:
    spool = opened()
    spool.add([entry(b"a")])
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        spool.add([entry(b"b")])
        spool.add([entry(b"c")])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not spool.is_open
    assert taken(spool) == [b"a"]
    assert taken(spool) == []
    spool.close()


def test_a_closed_one_stays_closed() -> None:
    spool = Spool()
    spool.add([entry(b"before it opens")])
    assert not spool
    spool.open(-1)
    spool.add([entry(b"a")])
    spool.close()
    spool.open(-1)
    spool.add([entry(b"b")])
    assert not spool
    assert spool.take() == []


@pytest.mark.anyio
@pytest.mark.parametrize("most", [0, 20_000, 1 << 29])
async def test_the_catalogue_is_asked_only_for_what_the_spool_lacks(
    world: World, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """With room for no file, for some of them, and for all; the next version as well."""
    pages: list[Sequence[PendingFile]] = []
    ask = pending.files.pending_page

    async def asked(
        tx: Transaction, folder: Folder, after: bytes, limit: int, until: bytes | None = None
    ) -> list[PendingFile]:
        page = await ask(tx, folder, after, limit, until)
        pages.append(page)
        return page

    monkeypatch.setattr(pending.files, "pending_page", asked)
    monkeypatch.setattr(stages, "IndexResult", lambda: IndexResult(spool=Spool(most)))
    world.small(batch_size=100)
    small_files(world.root / "one", 1_000)
    await world.completed()
    read = {file.key for page in pages for file in page}
    everything = 1_000
    if most > everything * 1_000:
        assert not read
    elif most:
        assert 0 < len(read) < everything
    else:
        assert len(read) == everything
    await world.assert_restores(1, world.root)
    small_files(world.root / "two", 150)
    pages.clear()
    await world.completed()
    assert sum(map(len, pages)) == 150
    await world.assert_restores(2, world.root)
