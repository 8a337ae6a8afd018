"""The index of a folder through whole engines: what keeps it from being posted, what moves it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from scripted_server import ScriptedServer
from sealed_ground import SealedGround
from trees import content

from usenetsync_tui.disk.source.source_tree import SourceTree
from usenetsync_tui.errors import SourceFileError
from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.entries import Entry, NoticeKind
from usenetsync_tui.model.folders import Profile, StoreKind
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.metadata.metadata import Metadata
from usenetsync_tui.model.segments import ObjectKind
from usenetsync_tui.pipeline.index.find_root import newest_root
from usenetsync_tui.pipeline.index.read_version import VersionReader

pytestmark = pytest.mark.anyio


@pytest.fixture
def ground(database: str, tmp_path: Path) -> Iterator[SealedGround]:
    with ScriptedServer() as scripted:
        yield SealedGround(database, tmp_path / "home", scripted)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    root.mkdir()
    for number in range(3):
        (root / f"file {number}").write_bytes(content(20_000, number))
    return root


@pytest.fixture
def second_machine(ground: SealedGround, root: Path) -> Iterator[SealedGround]:
    """Another catalogue of the same folder: a copy, as if it had been adopted after version 1."""
    name = sql.Identifier("second_machine")
    with psycopg.connect(ground.database, autocommit=True) as conn:
        parts = conn.info.get_parameters()
    other = {**parts, "dbname": "second_machine"}
    admin = psycopg.conninfo.make_conninfo("", **{**parts, "dbname": "postgres"})

    def copy() -> None:
        with psycopg.connect(admin, autocommit=True) as conn:
            conn.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
            this = sql.Identifier(str(parts["dbname"]))
            conn.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(name, this))

    ground.more["copy"] = copy
    copied = SealedGround(psycopg.conninfo.make_conninfo("", **other), ground.home, ground.scripted)
    yield copied
    with psycopg.connect(admin, autocommit=True) as conn:
        conn.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))


@pytest.mark.parametrize("late", [False, True], ids=["at its start", "before its root"])
async def test_a_folder_that_another_machine_continued(
    ground: SealedGround, second_machine: SealedGround, root: Path, late: bool
) -> None:
    copy = ground.more.pop("copy")
    assert (await ground.upload(root)).version == 1
    copy()
    (root / "theirs").write_bytes(content(5_000, 8))
    before = set(ground.scripted.articles)
    assert (await ground.upload(root)).version == 2
    theirs = {n: ground.scripted.articles[n] for n in ground.scripted.articles.keys() - before}
    (root / "ours").write_bytes(content(5_000, 9))
    posted = len(ground.scripted.posted)
    if late:  # the other machine's version appears after our first article
        for name in theirs:
            del ground.scripted.articles[name]

        def appear(article: bytes) -> None:
            ground.scripted.articles.update(theirs)

        ground.scripted.refuses = appear
    outcome = await second_machine.upload(root)
    ground.scripted.refuses = lambda _: None
    assert outcome.state is JobState.FAILED
    assert "Another machine has continued tree: its version 2 of 20" in outcome.message
    assert "usenetsync adopt STRING" in outcome.message
    assert {n: ground.scripted.articles[n] for n in theirs} == theirs, "nothing is overwritten"
    if late:
        assert outcome.version == 2 and outcome.message.startswith("version 2; ")
        again = await second_machine.upload(root)
        assert again.state is JobState.FAILED
    else:
        assert len(ground.scripted.posted) == posted
    assert second_machine.query("SELECT version FROM snapshots WHERE indexed") == [(1,)]
    assert (await ground.upload(root)).state is JobState.COMPLETED, "the other one goes on"


async def test_an_upload_that_the_store_refused_leaves_its_index_to_the_next(
    ground: SealedGround, root: Path
) -> None:
    refused: list[bytes] = []

    def refuse_first(article: bytes) -> str | None:
        refused.append(article)
        return "441 not this one" if len(refused) == 1 else None

    (root / "large").write_bytes(content(150_000, 5))
    ground.scripted.refuses = refuse_first
    outcome = await ground.upload(root)
    assert outcome.state is JobState.INCOMPLETE
    assert outcome.message.endswith("; its index waits for the next upload")
    assert ground.query("SELECT indexed FROM snapshots") == [(False,)]
    assert ground.query("SELECT FROM index_pages") == []
    ground.scripted.refuses = lambda _: None
    assert (await ground.upload(root)).state is JobState.COMPLETED
    ground.assert_indexed()


async def test_unreadable_files_do_not_keep_the_index(
    ground: SealedGround, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = SourceTree.take_small

    def read_others(tree: SourceTree, entry: Entry) -> tuple[bytes, Metadata]:
        if entry.path == b"file 1":
            raise SourceFileError(NoticeKind.UNREADABLE, "Input/output error")
        return read(tree, entry)

    monkeypatch.setattr(SourceTree, "take_small", read_others)
    outcome = await ground.upload(root)
    assert (outcome.state, outcome.version) == (JobState.INCOMPLETE, 1)
    assert outcome.message == "version 1, incomplete: 1 problem"
    ground.assert_indexed()


def spoil(ground: SealedGround, kind: int, number: int = 0) -> str:
    """Damage an article on the server so that it needs a new name; returns its name."""
    found = ground.query(
        "SELECT message_id, r.is_index FROM segments JOIN objects o ON o.id = object_id"
        "  JOIN realms r ON r.id = o.realm_id LEFT JOIN index_pages p ON p.object_id = o.id"
        " WHERE o.kind = %s AND (p.object_id IS NULL OR p.number IS NOT NULL)"
        " ORDER BY o.id, redundancy LIMIT 1 OFFSET %s",
        kind,
        number,
    )
    name = ground.wire_id(bytes(found[0][0]), of_index=found[0][1])
    head, _, _ = ground.scripted.articles[name].partition(b"\r\n\r\n")
    ground.scripted.articles[name] = head + b"\r\n\r\nspoilt\r\n"
    return name


@pytest.mark.parametrize("what", ["data", "page", "both"])
async def test_new_names_of_articles_are_told_by_an_amended_root(
    ground: SealedGround, root: Path, what: str
) -> None:
    await ground.upload(root)
    (root / "more").write_bytes(content(5_000, 7))
    await ground.upload(root)
    spoilt = []
    if what != "page":  # of version 1, whose run does not tell its new name
        spoilt.append(spoil(ground, ObjectKind.PACK))
    if what != "data":
        spoilt.append(spoil(ground, ObjectKind.INDEX))
    outcome = await ground.verify(bodies=True)
    assert outcome.state is JobState.COMPLETED, outcome.message
    assert outcome.verified is not None and outcome.verified.reposted == len(spoilt)
    for name in spoilt:
        del ground.scripted.articles[name]
    async with ground.index() as (store, keys):
        found = (await newest_root(store, keys)).root
        assert (found.current.version, found.current.attempt) == (2, 1)
        amendments = [run for run in found.runs if run.version == 2]
        assert len(amendments) == (1 if what == "page" else 2)
        for version in (1, 2):
            reader = VersionReader(store, keys, found, version)
            entries = [e async for e in reader.entries() if e.object is not None]
            assert len(entries) == 2 + version
            for entry in entries:
                assert entry.object is not None
                for segment in (await reader.part(entry.object)).segments:
                    names = {ground.wire_id(a.message_id) for a in segment.articles}
                    assert names <= ground.scripted.articles.keys()
    posts = len(ground.scripted.posted)
    assert "nothing changed" in (await ground.upload(root)).message
    assert len(ground.scripted.posted) == posts, "told once"


async def test_a_server_that_refuses_the_index_says_so(ground: SealedGround, root: Path) -> None:
    assert (await ground.upload(root)).state is JobState.COMPLETED
    (root / "more").write_bytes(content(5_000, 7))
    posted: list[bytes] = []

    def refuse_after_the_first(article: bytes) -> str | None:
        posted.append(article)
        return "441 quota reached" if len(posted) > 1 else None

    ground.scripted.refuses = refuse_after_the_first
    outcome = await ground.upload(root)
    assert (outcome.state, outcome.version) == (JobState.INCOMPLETE, 2)
    assert "its index is not posted yet" in outcome.message and "quota" in outcome.message
    states = ground.query("SELECT state, indexed FROM snapshots ORDER BY version")
    assert states == [(1, True), (1, False)], "the version itself is finished"
    ground.scripted.refuses = lambda _: None
    outcome = await ground.upload(root)
    assert outcome.state is JobState.COMPLETED and "nothing changed" in outcome.message
    ground.assert_indexed()


async def test_a_catalogue_from_before_gets_its_index_without_a_new_version(
    ground: SealedGround, root: Path
) -> None:
    for number in range(2):
        (root / f"new {number}").write_bytes(content(4_000, 20 + number))
        await ground.upload(root)
    for table in ("index_pages", "index_runs", "index_roots", "index_realms"):
        ground.query(f"DELETE FROM {table} RETURNING 1")
    ground.query("UPDATE folders SET index_realm_id = NULL RETURNING 1")
    ground.query(
        "DELETE FROM segments s USING realms r WHERE r.id = realm_id AND is_index RETURNING 1"
    )
    ground.query(
        "DELETE FROM objects o USING realms r WHERE r.id = realm_id AND is_index RETURNING 1"
    )
    ground.query("DELETE FROM realms WHERE is_index RETURNING 1")
    ground.query("UPDATE snapshots SET indexed = false RETURNING 1")
    before = len(ground.data)
    assert "nothing changed" in (await ground.upload(root)).message
    assert ground.query("SELECT version, indexed FROM snapshots ORDER BY version") == [
        (1, False),
        (2, True),
    ]
    assert ground.query("SELECT version, is_base FROM index_runs") == [(2, True)]
    assert ground.query("SELECT count(*) FROM snapshots") == [(2,)] and before


@pytest.mark.parametrize("changed", [True, False])
async def test_the_index_moves_with_its_folder(
    ground: SealedGround, root: Path, changed: bool
) -> None:
    """shards → usenet → shards: one secret, and the newest version is described in each store."""
    shards = FolderChoices(store=StoreKind.SHARDS, profile=Profile.SEALED)
    usenet = FolderChoices(store=StoreKind.USENET, profile=Profile.SEALED)
    assert (await ground.upload(root, shards)).state is JobState.COMPLETED
    for step, choices in enumerate((usenet, shards), 2):
        if changed:
            (root / f"new {step}").write_bytes(content(4_000, 30 + step))
        outcome = await ground.upload(root, choices)
        assert outcome.state is JobState.COMPLETED, outcome.message
        newest = ground.query("SELECT max(version) FROM snapshots")[0][0]
        found = ground.query(
            "SELECT r.version, i.store::text FROM index_roots r JOIN realms i ON i.id = r.realm_id"
            "  JOIN folders f ON f.index_realm_id = i.id ORDER BY 1 DESC LIMIT 1"
        )
        assert found == [(newest, str(choices.store))]
    assert ground.query("SELECT count(DISTINCT wrapped_key) FROM realms WHERE is_index") == [(1,)]
    assert ground.query("SELECT DISTINCT indexed FROM snapshots") == [(True,)]
