"""Changes that a user makes to servers while they are in use."""

from __future__ import annotations

from collections.abc import Callable

import anyio
import pytest
from scripted_server import Fault, ScriptedServer
from usenet_ground import POSTS, article, configured, name, opened, wire_id
from worlds import until

from usenetsync_tui.errors import StoreUnavailableError, StoreUnusableError, UsageError
from usenetsync_tui.model.servers.servers import Role, ServerState
from usenetsync_tui.store.usenet.store import UsenetServers, UsenetStore

WELCOME = "200 Welcome"


async def post_all(store: UsenetStore, numbers: range) -> None:
    async with anyio.create_task_group() as group:
        for number in numbers:
            group.start_soon(store.post, article(number))


async def breathe() -> None:
    """Wait long enough for any waiting call to do something."""
    await anyio.sleep(0.15)


@pytest.mark.anyio
async def test_a_held_server_gets_nothing_and_another_takes_over() -> None:
    with ScriptedServer() as one, ScriptedServer() as two:
        async with opened(configured(one), configured(two, name="two", priority=1)) as store:
            await store.post(article(1))
            store.pool.hold("one")
            await post_all(store, range(2, 8))
            assert (len(one.posted), len(two.posted)) == (1, 6)
            status, other = store.pool.statuses()
            assert (status.held, status.state, status.open) == (True, ServerState.UP, 0)
            assert (status.message, status.allowed) == ("paused by you", 4)
            assert (other.held, other.message) == (False, "")
            store.pool.release("one")
            await post_all(store, range(8, 12))
            status = store.pool.statuses()[0]
            assert (status.held, status.message) == (False, "")
        assert (len(one.posted), len(two.posted)) == (5, 6)


@pytest.mark.anyio
async def test_all_are_held_and_patience_does_not_end() -> None:
    with ScriptedServer() as one:
        async with opened(configured(one), patience=0.02) as store:
            store.pool.hold("one")
            async with anyio.create_task_group() as group:
                group.start_soon(store.post, article(1))
                group.start_soon(store.present, [name(1)])
                await breathe()
                assert one.connections == 0
                store.pool.release("one")
        assert one.posted == [wire_id(1)]


@pytest.mark.anyio
async def test_one_is_held_the_other_is_down_and_patience_does_not_end() -> None:
    with ScriptedServer() as one:
        two = ScriptedServer()
        with two:
            gone = configured(two, name="two")
        async with opened(configured(one), gone, patience=0.02) as store:
            store.pool.hold("one")
            async with anyio.create_task_group() as group:
                group.start_soon(store.post, article(1))
                await until(lambda: store.pool.statuses()[1].state is ServerState.DOWN)
                await breathe()
                store.pool.release("one")
        assert one.posted == [wire_id(1)]


@pytest.mark.anyio
async def test_a_waiting_caller_changes_server_when_it_is_held() -> None:
    with ScriptedServer(faults=[Fault("POST", wait=0.5)]) as one, ScriptedServer() as two:
        first = configured(one, connections=1, roles=POSTS)
        async with opened(first, configured(two, name="two", priority=1)) as store:
            async with anyio.create_task_group() as group:
                group.start_soon(store.post, article(1))
                await until(lambda: store.pool.statuses()[0].busy == 1)
                group.start_soon(store.post, article(2))
                await anyio.sleep(0.05)
                assert two.posted == []
                store.pool.hold("one")
                await until(lambda: two.posted == [wire_id(2)])
                assert one.posted == []  # the article being sent is finished all the same
            assert one.posted == [wire_id(1)]
            assert store.pool.statuses()[0].open == 0


@pytest.mark.anyio
async def test_an_article_that_may_be_on_a_held_server_goes_to_another() -> None:
    with ScriptedServer(faults=[Fault.drop_in_body()]) as one, ScriptedServer() as two:
        first = configured(one)
        async with opened(first, configured(two, name="two", priority=1), backoff=[60.0]) as store:
            async with anyio.create_task_group() as group:
                group.start_soon(store.post, article(1))
                await until(lambda: store.pool.statuses()[0].errors == 1)
                one.greeting = "400 Not now"
                await until(lambda: store.pool.statuses()[0].state is ServerState.DOWN)
                await breathe()
                assert two.posted == []  # it waits for the server that may have it
                store.pool.hold("one")
        assert (one.posted, two.posted) == ([], [wire_id(1)])


@pytest.mark.anyio
async def test_without_waiting_a_held_server_is_no_answer() -> None:
    with ScriptedServer() as one:
        async with opened(configured(one)) as store:
            await store.post(article(1))
            store.pool.hold("one")
            with pytest.raises(StoreUnavailableError, match="paused by you"):
                await store.fetch(name(1), wait=False)


@pytest.mark.anyio
async def test_released_a_stopped_server_is_tried_again() -> None:
    refusal = Fault("AUTHINFO", reply="481 Wrong password", times=2)
    with ScriptedServer(faults=[refusal]) as one:
        async with opened(configured(one, username="bob", password="secret")) as store:
            for _ in range(2):
                with pytest.raises(StoreUnusableError, match="481"):
                    await store.post(article(1))
                assert store.pool.statuses()[0].state is ServerState.STOPPED
                store.pool.release("one")
                status = store.pool.statuses()[0]
                assert (status.state, status.retry_in) == (ServerState.DOWN, 0.0)
                assert status.message == "481 Wrong password"
            await store.post(article(1))
            assert store.pool.statuses()[0].state is ServerState.UP
        assert one.connections == 3


@pytest.mark.anyio
async def test_released_a_server_in_a_long_pause_is_tried_at_once() -> None:
    with ScriptedServer() as one:
        one.greeting = "502 Too many simultaneous IP addresses"
        async with opened(configured(one), patience=None) as store:
            async with anyio.create_task_group() as group:
                group.start_soon(store.post, article(1))
                await until(lambda: store.pool.statuses()[0].state is ServerState.PAUSED)
                one.greeting = WELCOME
                store.pool.release("one")
        assert one.posted == [wire_id(1)]


@pytest.mark.anyio
async def test_released_a_server_that_forbade_posting_may_post() -> None:
    with ScriptedServer() as one:
        one.greeting = one.mode_reader = "201 No posting"
        async with opened(configured(one, roles=POSTS)) as store:
            with pytest.raises(StoreUnusableError, match="posting"):
                await store.post(article(1))
            one.greeting = one.mode_reader = WELCOME
            one.drop_all()
            store.pool.release("one")
            await store.post(article(1))
        assert one.posted == [wire_id(1)]


@pytest.mark.anyio
async def test_fewer_connections_and_more_again() -> None:
    with ScriptedServer() as one:
        one.latency = 0.01
        async with opened(configured(one, connections=6, roles=POSTS)) as store:
            await post_all(store, range(30))
            assert store.pool.statuses()[0].open == 6
            store.pool.set_connections("one", 2)
            status = store.pool.statuses()[0]
            assert (status.open, status.allowed, status.configured) == (2, 2, 6)
            opened_so_far = one.connections
            await post_all(store, range(30, 60))
            assert one.connections == opened_so_far
            assert store.lanes == 6
            store.pool.set_connections("one", 6)
            await post_all(store, range(60, 90))
            assert store.pool.statuses()[0].open == 6
        assert len(one.posted) == 90


@pytest.mark.anyio
async def test_surplus_connections_are_closed_when_they_are_given_back() -> None:
    with ScriptedServer(faults=[Fault("POST", wait=0.4, times=3)]) as one:
        async with opened(configured(one, connections=3, roles=POSTS)) as store:
            async with anyio.create_task_group() as group:
                for number in range(5):
                    group.start_soon(store.post, article(number))
                await until(lambda: store.pool.statuses()[0].open == 3)
                store.pool.set_connections("one", 1)
                status = store.pool.statuses()[0]
                assert (status.busy, status.open) == (3, 3)
            status = store.pool.statuses()[0]
            assert (status.busy, status.open) == (0, 1)
        assert (len(one.posted), one.connections) == (5, 3)


@pytest.mark.anyio
async def test_fetching_does_not_keep_surplus_connections() -> None:
    with ScriptedServer() as one:
        server = configured(one, connections=4, roles=frozenset({Role.POST, Role.FETCH}))
        async with opened(server) as store:
            await store.post(article(1))
            one.latency = 0.01
            async with anyio.create_task_group() as group:

                async def fetch_often() -> None:
                    for _ in range(20):
                        await store.fetch(name(1))

                for _ in range(8):
                    group.start_soon(fetch_often)
                await until(lambda: store.pool.statuses()[0].open == 4)
                store.pool.set_connections("one", 1)
                await until(lambda: store.pool.statuses()[0].open == 1)
                assert store.pool.statuses()[0].articles < 1 + 8 * 20


@pytest.mark.anyio
async def test_one_server_slowed_down() -> None:
    with ScriptedServer() as one:
        async with opened(configured(one, bandwidth_limit=1_000_000)) as store:
            assert store.pool.statuses()[0].bandwidth_limit == 1_000_000
            store.pool.set_server_bandwidth_limit("one", 20_000)
            assert store.pool.statuses()[0].bandwidth_limit == 20_000
            async with anyio.create_task_group() as group:
                for number in range(5):
                    group.start_soon(store.post, article(number))
                await anyio.sleep(0.3)
                assert len(one.posted) < 5
                store.pool.set_server_bandwidth_limit("one", 0)
        assert len(one.posted) == 5


@pytest.mark.anyio
@pytest.mark.parametrize(
    "change",
    [
        lambda pool: pool.hold("two\n"),
        lambda pool: pool.release("two\n"),
        lambda pool: pool.set_connections("two\n", 1),
        lambda pool: pool.set_server_bandwidth_limit("two\n", 1),
    ],
)
async def test_an_unknown_server(change: Callable[[UsenetServers], None]) -> None:
    with ScriptedServer() as one:
        async with opened(configured(one)) as store:
            with pytest.raises(UsageError, match="no server 'two␊'"):
                change(store.pool)


@pytest.mark.anyio
@pytest.mark.parametrize("count", [-1, 0, 5])
async def test_no_more_connections_than_the_settings_allow(count: int) -> None:
    with ScriptedServer() as one:
        async with opened(configured(one)) as store:
            with pytest.raises(UsageError, match="1 to 4"):
                store.pool.set_connections("one", count)
            assert store.pool.statuses()[0].allowed == 4
