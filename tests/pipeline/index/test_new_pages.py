"""The store is asked for a page before it is sent, but not for one whose name is new."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection

import anyio
import pytest
from index_ground import KEYS, Indexed
from trees import content
from worlds import FaultyStore, World

from usenetsync_tui.errors import (
    ArticleCollisionError,
    FolderContinuedError,
    StoreError,
    StoreUnusableError,
)
from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.folders import Profile, StoreKind
from usenetsync_tui.model.ports.stores import Presence
from usenetsync_tui.model.segments import Article
from usenetsync_tui.pipeline.index import root_names

pytestmark = pytest.mark.anyio


@pytest.fixture
def indexed(world: World) -> Indexed:
    for number in range(200):
        (world.root / f"{number:03}").write_bytes(content(60, number))
    return Indexed(world.small(chunk_size=20_000))


@pytest.fixture
def sent(store: FaultyStore) -> dict[bytes, bool]:
    """The articles that were sent by name, and whether the store had to be asked for them first."""
    found: dict[bytes, bool] = {}
    store.before = lambda article: found.update({article.message_id: article.again})
    return found


async def test_pages_and_roots_of_this_run_are_not_asked_for(
    indexed: Indexed, sent: dict[bytes, bool]
) -> None:
    for version in range(1, 4):
        (indexed.world.root / f"new {version}").write_bytes(b"%d" % version)
        await indexed.world.completed()
        sent.clear()
        assert await indexed.post() == ""
        assert len(sent) >= 6 and KEYS.root_name(version, 0, 0) in sent
        assert not any(sent.values())


async def test_pages_that_an_earlier_run_planned_are_asked_for(
    indexed: Indexed, store: FaultyStore, sent: dict[bytes, bool]
) -> None:
    """The catalogue may be a restored backup: what came after it may have sent them."""
    noted = store.before

    class Killed(Exception):
        pass

    def kill(article: Article) -> None:
        raise Killed

    await indexed.world.completed()
    store.before = kill
    with pytest.raises(ExceptionGroup):
        await indexed.post()
    planned = indexed.world.query(
        "SELECT s.message_id FROM segments s JOIN index_pages p USING (object_id)"
    )
    store.before = noted
    assert await indexed.post() == ""
    assert len(planned) >= 4 and all(sent[bytes(name)] for (name,) in planned)  # type: ignore[arg-type]
    assert not sent[KEYS.root_name(1, 0, 0)]


async def test_a_root_is_asked_for_if_it_is_not_known_whether_the_store_has_it(
    indexed: Indexed, store: FaultyStore, sent: dict[bytes, bool]
) -> None:
    await indexed.world.completed()
    present, unsure = store.present, KEYS.root_name(1, 0, 1)

    async def no_clear_answer(names: Collection[bytes]) -> Presence:
        found = await present(names)
        return Presence(found.there, {unsure: "400 later"} if unsure in names else {})

    store.present = no_clear_answer  # type: ignore[method-assign]
    assert await indexed.post() == ""
    roots = {KEYS.root_name(1, 0, copy) for copy in range(2)}
    assert all(again == (name in roots) for name, again in sent.items())


async def test_further_copies_of_a_root_are_asked_for(
    world: World, store: FaultyStore, sent: dict[bytes, bool]
) -> None:
    """Nobody has asked whether another machine has posted these."""
    world.choices = FolderChoices(store=StoreKind.MEMORY, profile=Profile.PACKED, copies=3)
    (world.root / "file").write_bytes(b"content")
    await world.completed()
    assert await Indexed(world).post() == ""
    assert [sent[KEYS.root_name(1, 0, copy)] for copy in range(3)] == [True] * 3


async def test_a_root_that_another_machine_posts_meanwhile_is_theirs(
    indexed: Indexed, store: FaultyStore
) -> None:
    await indexed.version()
    (indexed.world.root / "theirs").touch()
    await indexed.version()
    names = [KEYS.root_name(2, 0, copy) for copy in range(2)]
    theirs = {name: store.articles.pop(name) for name in names}
    indexed.world.query("DELETE FROM index_roots WHERE version = 2 RETURNING 1")
    indexed.world.query("UPDATE snapshots SET indexed = false WHERE version = 2 RETURNING 1")

    def arrives(article: Article) -> None:
        if article.message_id in theirs and not article.again:
            store.articles.update(theirs)
            raise ArticleCollisionError("441 duplicate")

    store.before = arrives
    with pytest.raises(FolderContinuedError, match="its version 2"):
        await indexed.post()
    assert {name: store.articles[name] for name in names} == theirs


async def test_what_the_store_refused_is_asked_for(
    indexed: Indexed, store: FaultyStore, sent: dict[bytes, bool]
) -> None:
    """A refused article may be there all the same."""
    noted, refused = store.before, set[bytes]()

    def refuse(article: Article) -> None:
        refused.add(article.message_id)
        raise StoreError("441 posting failed")

    await indexed.world.completed()
    store.before = refuse
    assert "not posted" in await indexed.post()
    store.before = noted
    assert await indexed.post() == ""
    assert len(refused) >= 4 and all(sent[name] for name in refused)


@pytest.fixture
def told(store: FaultyStore) -> list[str]:
    """What the store was asked and sent, in order: "roots?", "page" or "root"."""
    found, roots, present = [], {KEYS.root_name(1, n // 2, n % 2) for n in range(16)}, store.present

    async def noted(names: Collection[bytes]) -> Presence:
        if roots & set(names):
            found.append("roots?")
        return await present(names)

    def note(article: Article) -> None:
        found.append("root" if article.message_id in roots else "page")

    store.present, store.before = noted, note  # type: ignore[method-assign]
    return found


async def test_roots_are_asked_for_once_while_the_pages_are_planned(
    indexed: Indexed, told: list[str]
) -> None:
    await indexed.world.completed()
    told.clear()
    assert await indexed.post() == ""
    assert told == ["roots?", *["page"] * (len(told) - 3), "root", "root"] and len(told) > 6


async def test_an_old_answer_about_roots_does_not_count(
    indexed: Indexed, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(root_names, "FRESH", 0.0)
    await indexed.world.completed()
    told.clear()
    assert await indexed.post() == ""
    assert told[0] == "roots?" and told[-3:] == ["roots?", "root", "root"]


async def silent() -> None:
    await anyio.sleep_forever()


async def away() -> None:
    raise StoreUnusableError("away")


@pytest.mark.parametrize("trouble", [silent, away])
async def test_a_store_that_does_not_answer_early_is_asked_again(
    indexed: Indexed,
    store: FaultyStore,
    told: list[str],
    trouble: Callable[[], Awaitable[None]],
) -> None:
    await indexed.world.completed()
    told.clear()
    present = store.present

    async def troubled(names: Collection[bytes]) -> Presence:
        store.present = present  # type: ignore[method-assign]
        await trouble()
        return Presence()

    store.present = troubled  # type: ignore[method-assign]
    assert await indexed.post() == ""
    assert "page" in told and told[-3:] == ["roots?", "root", "root"]


async def test_nothing_of_a_version_that_another_machine_has_is_sent(
    indexed: Indexed, store: FaultyStore
) -> None:
    await indexed.version()
    (indexed.world.root / "more").touch()
    await indexed.version()
    for table in ("index_roots", "index_runs"):
        indexed.world.query(f"DELETE FROM {table} WHERE version = 2 RETURNING 1")
    indexed.world.query("UPDATE snapshots SET indexed = false WHERE version = 2 RETURNING 1")
    posts = len(store.posts)
    with pytest.raises(FolderContinuedError, match="its version 2"):
        await indexed.post()
    assert len(store.posts) == posts
