"""New digests are not looked up in a realm that was empty, and equal segments share an article."""

from __future__ import annotations

import secrets
from collections.abc import Collection

import pytest
from trees import content
from worlds import FaultyStore, World

from usenetsync_tui.catalogue.session import Transaction
from usenetsync_tui.catalogue.tables import segments
from usenetsync_tui.catalogue.tables.segments import KnownArticle
from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.folders import Profile, StoreKind
from usenetsync_tui.pipeline.posting.digest_filter import DigestFilter

SEGMENT = 10_000


def test_no_digest_that_was_given_is_called_new() -> None:
    filter_, digests = DigestFilter(), [secrets.token_bytes(32) for _ in range(20_000)]
    called_known = sum(len(filter_.take({digest})) for digest in digests)
    assert called_known < 20
    assert filter_.take(digests) == set(digests)
    assert len(filter_.take({secrets.token_bytes(32) for _ in range(1_000)})) < 10


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    found, by_hash = list[bytes](), segments.by_hash

    async def noted(
        tx: Transaction, realm: int, hashes: Collection[bytes], copies: int
    ) -> list[KnownArticle]:
        found.extend(hashes)
        return await by_hash(tx, realm, hashes, copies)

    monkeypatch.setattr(segments, "by_hash", noted)
    return found


@pytest.mark.anyio
@pytest.mark.parametrize("profile", [Profile.SEALED, Profile.PACKED])
async def test_only_digests_that_may_be_known_are_looked_up(
    world: World, store: FaultyStore, looked_up: list[bytes], profile: Profile
) -> None:
    world.small(chunk_size=SEGMENT, max_workers=1)
    world.choices = FolderChoices(store=StoreKind.MEMORY, profile=profile)
    data = content(200 * SEGMENT)
    for name in ("first", "second"):
        (world.root / name).write_bytes(data)
    await world.completed()
    assert len(store.posts) == 200, "the second file is the first one"
    # Those of both files that came in one batch are not looked up.
    assert set() < set(looked_up) <= {hashed for (hashed,) in hashes(world)}
    # Once without the lock and once with it, and then the new ones of a batch, too.
    assert len(looked_up) <= 200 * 2 + 48

    looked_up.clear()
    (world.root / "third").write_bytes(data[::-1])
    (world.root / "fourth").write_bytes(data + b"more")
    await world.completed()
    assert len(store.posts) == 200 + 200 + 1
    assert len(set(looked_up)) == 401, "the realm was not empty"
    assert world.query("SELECT count(*) FROM segments WHERE status NOT IN (2, 3)") == [(0,)]


@pytest.mark.anyio
async def test_a_run_that_goes_on_looks_everything_up(
    world: World, store: FaultyStore, looked_up: list[bytes]
) -> None:
    world.small(chunk_size=SEGMENT)
    data = content(20 * SEGMENT)
    (world.root / "one").write_bytes(data)
    left = [10]

    class Killed(Exception):
        pass

    def kill(article: object) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Killed

    store.before = kill
    with pytest.raises(ExceptionGroup):
        await world.completed()
    store.before = None
    (world.root / "two").write_bytes(data)
    looked_up.clear()
    await world.completed()
    assert set(looked_up) == {hashed for (hashed,) in hashes(world)}
    assert len(store.articles) == 20


def hashes(world: World) -> list[tuple[bytes]]:
    return [(bytes(h),) for (h,) in world.query("SELECT DISTINCT hash FROM segments")]  # type: ignore[arg-type]
