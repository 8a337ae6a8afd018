"""Many articles checked on several connections at once, with one answer for all of them."""

from __future__ import annotations

import anyio
import pytest
from scripted_server import Fault, ScriptedServer
from usenet_ground import POSTS, article, configured, name, opened, wire_id
from worlds import until

from usenetsync_tui.errors import StoreUnusableError
from usenetsync_tui.model.servers.servers import Role

MANY = range(1_000)
NAMES = [name(n) for n in MANY]


def holding(scripted: ScriptedServer, numbers: range) -> None:
    for number in numbers:
        scripted.keep(wire_id(number), b"")


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("connections", "count", "used"), [(8, 1_000, 4), (2, 1_000, 2), (8, 250, 2), (8, 199, 1)]
)
async def test_as_many_connections_as_it_is_worth(connections: int, count: int, used: int) -> None:
    with ScriptedServer() as scripted:
        holding(scripted, range(0, count, 2))
        async with opened(configured(scripted, connections=connections)) as store:
            found = (await store.present(NAMES[:count])).there
        assert found == set(NAMES[:count:2])
        assert scripted.connections == used
        assert scripted.commands["STAT"] == count


@pytest.mark.anyio
async def test_only_those_that_are_free() -> None:
    with ScriptedServer(faults=[Fault("POST", wait=0.5, times=3)]) as scripted:
        holding(scripted, MANY)
        async with opened(configured(scripted, connections=5)) as store:
            async with anyio.create_task_group() as group:
                for number in range(2_000, 2_003):
                    group.start_soon(store.post, article(number))
                await until(lambda: store.pool.statuses()[0].busy == 3)
                assert (await store.present(NAMES)).there == set(NAMES)
        assert scripted.connections == 5


@pytest.mark.anyio
async def test_each_connection_asks_the_next_server_for_missing_articles() -> None:
    with ScriptedServer() as one, ScriptedServer() as two:
        holding(one, range(0, 500))
        holding(two, range(400, 900))
        async with opened(configured(one), configured(two, name="two", priority=1)) as store:
            assert (await store.present(NAMES)).there == set(NAMES[:900])
        assert (one.commands["STAT"], two.commands["STAT"]) == (1_000, 500)


@pytest.mark.anyio
async def test_adopted_names_stay_with_their_own() -> None:
    with ScriptedServer() as one:
        holding(one, range(0, 500))
        for number in range(500, 1_000):
            one.keep(f"adopted{number}@x", b"")
        async with opened(configured(one)) as store:
            for number in range(500, 1_000):
                await store._aliases.adopt(name(number), f"adopted{number}@x")
            assert (await store.present(NAMES)).there == set(NAMES)


@pytest.mark.anyio
async def test_articles_without_an_answer_are_only_unknown() -> None:
    with ScriptedServer() as one:
        holding(one, MANY)
        one.script(Fault("STAT", reply="503 Overview broken", times=3))
        async with opened(configured(one), tries=1) as store:
            found = await store.present(NAMES)
            assert set(found.unknown.values()) == {"one: 503 Overview broken"}
            assert len(found.unknown) == 3
            assert found.there == set(NAMES) - found.unknown.keys()
            assert (await store.present(NAMES)).there == set(NAMES)
            assert store.pool.statuses()[0].busy == 0


@pytest.mark.anyio
async def test_an_unusable_server_is_reported_as_it_is() -> None:
    with ScriptedServer(login=("me", "right")) as one:
        wrong = configured(one, username="me", password="wrong")
        async with opened(wrong) as store:
            with pytest.raises(StoreUnusableError, match="481"):
                await store.present(NAMES)


@pytest.mark.anyio
async def test_servers_that_do_not_verify_are_not_counted() -> None:
    with ScriptedServer() as one, ScriptedServer() as two:
        holding(two, MANY)
        posts = configured(one, roles=POSTS)
        verifies = configured(two, name="two", connections=1, roles=frozenset({Role.VERIFY}))
        async with opened(posts, verifies) as store:
            assert (await store.present(NAMES)).there == set(NAMES)
        assert (one.connections, two.connections) == (0, 1)
