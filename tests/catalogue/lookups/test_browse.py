"""The browser: its lookups, their connections, and the end of slow queries."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator

import anyio
import psycopg
import pytest

from usenetsync_tui.catalogue.lookups import browse
from usenetsync_tui.catalogue.lookups.browse import CatalogueBrowser
from usenetsync_tui.catalogue.session import Catalogue, Transaction
from usenetsync_tui.catalogue.tables import segments
from usenetsync_tui.catalogue.tables.aliases import CatalogueAliases
from usenetsync_tui.errors import DatabaseUnavailableError, UsenetSyncError
from usenetsync_tui.model.folders import Folder, Realm
from usenetsync_tui.model.lists.files import FileFilter, FileOrder, FileQuery
from usenetsync_tui.model.segments import Codec, Receipt, Segment, SegmentStatus


@pytest.fixture
async def browser(database: str) -> AsyncIterator[CatalogueBrowser]:
    opened = CatalogueBrowser(database, "usenetsync test screen")
    yield opened
    await opened.close()


def segment(index: int, redundancy: int = 0, object_id: int = 5) -> Segment:
    name = hashlib.md5(b"%d %d %d" % (object_id, index, redundancy)).digest()
    return Segment(
        object_id=object_id,
        index=index,
        redundancy=redundancy,
        size=1_000 + index,
        hash=bytes([index]) * 32,
        codec=Codec.LZ4,
        payload_size=500,
        message_id=name,
        status=SegmentStatus.PLANNED,
    )


async def sessions(catalogue: Catalogue) -> int:
    async with catalogue.transaction() as tx:
        row = await tx.one(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name ="
            " 'usenetsync test screen'"
        )
    count: int = row[0]
    return count


@pytest.mark.anyio
async def test_folders_and_versions(
    browser: CatalogueBrowser, catalogue: Catalogue, folder: Folder
) -> None:
    assert await browser.folders() == (folder,)
    assert await browser.snapshots(folder.id) == ()


@pytest.mark.anyio
async def test_articles_in_order_from_any_on(
    browser: CatalogueBrowser, catalogue: Catalogue, folder: Folder
) -> None:
    made = [segment(index, copy) for index in range(5) for copy in range(2)]
    async with catalogue.transaction() as tx:
        await segments.insert(tx, folder.realm.id, [*made, segment(0, 0, object_id=6)])
        posted = {made[2].message_id: Receipt("server1", 700_000)}
        await segments.mark_posted(tx, posted)
        await segments.mark_failed(tx, made[3].message_id, 2, "441 posting failed")
    rows = await browser.articles(5, (0, 0), 100)
    assert [(r.index, r.redundancy) for r in rows] == [(s.index, s.redundancy) for s in made]
    assert await browser.articles(5, (1, 1), 2) == rows[3:5]
    assert await browser.article_count(5) == 10
    there, failed = rows[2], rows[3]
    assert (there.server, there.wire_size, there.status) == ("server1", 700_000, 2)
    assert there.posted_at is not None and there.error is None
    assert (failed.status, failed.tries, failed.error) == (5, 2, "441 posting failed")
    assert (failed.server, failed.wire_size, failed.posted_at) == ("", 0, None)
    assert rows[4].hash == b"\2" * 32 and (rows[4].size, rows[4].payload_size) == (1_002, 500)
    assert [r.message_id for r in rows] == [s.message_id.hex() for s in made]


@pytest.mark.anyio
async def test_articles_are_called_as_on_the_wire(
    database: str, catalogue: Catalogue, folder: Folder
) -> None:
    def wire_id(realm: Realm, name: bytes) -> str | None:
        assert realm == folder.realm
        return None if name == last.message_id else f"{name.hex()}@wire"

    plain, adopted, last = segment(0), segment(1), segment(2)
    async with catalogue.transaction() as tx:
        await segments.insert(tx, folder.realm.id, [plain, adopted, last])
        await tx.run(
            "INSERT INTO aliases (message_id, wire_id, adopted) VALUES (%(name)b, 'old@x', false)",
            {"name": plain.message_id},
        )
    await CatalogueAliases(catalogue).adopt(adopted.message_id, "theirs@x")
    browser = CatalogueBrowser(database, "usenetsync test screen", wire_id)
    rows = await browser.articles(5, (0, 0), 9)
    await browser.close()
    assert [(r.message_id, r.aliases) for r in rows] == [
        (f"{plain.message_id.hex()}@wire", ("old@x",)),
        ("theirs@x", (f"{adopted.message_id.hex()}@wire",)),
        (last.message_id.hex(), ()),
    ]


@pytest.mark.anyio
async def test_the_database(browser: CatalogueBrowser, catalogue: Catalogue) -> None:
    async with catalogue.transaction() as tx:
        await tx.run("INSERT INTO articles SELECT sha256(n::text::bytea), 'x' FROM"
                     " generate_series(1, 5000) AS n")  # fmt: skip
        await tx.run("ANALYZE articles")
    figures = await browser.database()
    assert figures.version.split(".")[0].isdigit() and figures.bytes > 1_000_000
    assert figures.connections >= 2
    tables = {table.name: table for table in figures.tables}
    assert list(tables) == ["files", "objects", "segments", "articles", "notices"]
    assert tables["articles"].rows == 5_000
    assert len(tables["segments"].shards) == len(tables["articles"].shards) == 16
    assert tables["articles"].bytes == sum(tables["articles"].shards) > 0
    assert tables["files"].shards == () and tables["files"].rows == 0


@pytest.mark.anyio
async def test_the_screen_only_reads(browser: CatalogueBrowser) -> None:
    await browser.folders()
    async with browser._quick.question() as tx:
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            await tx.run("CREATE TABLE mine (a int)")


@pytest.mark.anyio
async def test_what_takes_too_long_is_said_in_words(
    browser: CatalogueBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser._filtering, "_patience", 1)

    async def slow(tx: Transaction, *_: object) -> list[object]:
        return list(await tx.fetch("SELECT pg_sleep(60)"))

    monkeypatch.setattr(browse.listing, "page", slow)
    query = FileQuery(1, 1, FileFilter(words=(b"x",)))
    with pytest.raises(DatabaseUnavailableError, match="needs more than 1 seconds"):
        await browser.files(query, None, 9)
    monkeypatch.undo()
    assert await browser.files(query, None, 9) == ()


@pytest.mark.anyio
async def test_a_slow_filter_does_not_delay_other_lookups(
    browser: CatalogueBrowser, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, list_page = anyio.Event(), browse.listing.page

    async def slow(tx: Transaction, query: FileQuery, *rest: object) -> object:
        if query.filter or query.order is FileOrder.SIZE:
            begun.set()
            return list(await tx.fetch("SELECT pg_sleep(60)"))
        return await list_page(tx, query, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(browse.listing, "page", slow)
    async with anyio.create_task_group() as group:
        group.start_soon(browser.files, FileQuery(1, 1, FileFilter(words=(b"x",))), None, 9)
        await begun.wait()
        assert await browser.files(FileQuery(1, 1), None, 9) == ()
        assert await browser.folders() == ()
        assert (await browser.database()).bytes
        group.cancel_scope.cancel()
    monkeypatch.undo()
    # The abandoned query is ended on the server too: its connection answers again.
    with anyio.fail_after(60):
        assert await browser.files(FileQuery(1, 1, FileFilter(words=(b"x",))), None, 9) == ()
    assert await sessions(catalogue) == 3


@pytest.mark.anyio
async def test_a_slow_count_is_not_repeated_at_once(
    browser: CatalogueBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, count = [], browse.causes.of_folder

    async def slow(tx: Transaction, folder: int, limit: int) -> object:
        asked.append(folder)
        await anyio.sleep(1)
        return await count(tx, folder, limit)

    monkeypatch.setattr(browse.causes, "of_folder", slow)
    assert await browser.causes(1, 9) == await browser.causes(1, 9) == ()
    assert await browser.causes(2, 9) == ()
    assert asked == [1, 2]


@pytest.mark.anyio
async def test_questions_at_once_share_a_connection(
    browser: CatalogueBrowser, catalogue: Catalogue, folder: Folder
) -> None:
    answers = []

    async def ask() -> None:
        answers.append(await browser.folders())

    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(ask)
    assert answers == [(folder,)] * 20
    assert await sessions(catalogue) == 1


@pytest.mark.anyio
async def test_a_lost_connection_is_opened_again(
    browser: CatalogueBrowser, catalogue: Catalogue, folder: Folder
) -> None:
    await browser.folders()
    async with catalogue.transaction() as tx:
        await tx.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'usenetsync test screen'"
        )
    with pytest.raises(UsenetSyncError):
        await browser.folders()
    assert await browser.folders() == (folder,)
    await browser.close()
    assert await browser.folders() == (folder,)
