"""Several servers: routing, failover, fewer connections, pauses, stops, waits, figures."""

from __future__ import annotations

import socket

import anyio
import pytest
from scripted_server import Fault, ScriptedServer
from usenet_ground import (
    POSTS,
    STYLE,
    KnownAliases,
    article,
    configured,
    name,
    opened,
    wire_id,
)

from usenetsync_tui.errors import StoreUnavailableError, StoreUnusableError
from usenetsync_tui.model.servers.servers import Role, Server, ServerState, Tls
from usenetsync_tui.store.usenet.store import UsenetServers, UsenetStore


async def post_all(store: UsenetStore, numbers: range) -> None:
    async with anyio.create_task_group() as group:
        for number in numbers:
            group.start_soon(store.post, article(number))


def closed_port() -> tuple[str, int]:
    """An address on which no server listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address: tuple[str, int] = listener.getsockname()
    return address


@pytest.mark.anyio
async def test_the_lowest_priority_number_gets_everything() -> None:
    with ScriptedServer() as one, ScriptedServer() as two:
        servers = configured(two, name="two", priority=1), configured(one)
        async with opened(*servers) as store:
            await post_all(store, range(30))
        assert (len(one.posted), len(two.posted), two.connections) == (30, 0, 0)


@pytest.mark.anyio
async def test_equals_share() -> None:
    with ScriptedServer() as one, ScriptedServer() as two:
        async with opened(configured(one), configured(two, name="two")) as store:
            await post_all(store, range(40))
        assert min(len(one.posted), len(two.posted)) > 0
        assert len(one.posted) + len(two.posted) == 40


@pytest.mark.anyio
async def test_failover_and_recovery() -> None:
    with ScriptedServer() as two:
        one = ScriptedServer()
        with one:
            first = configured(one)
            async with opened(first, configured(two, name="two", priority=1)) as store:
                await store.post(article(1))
                one.stop()
                await post_all(store, range(2, 10))
                status = store.pool.statuses()[0]
                assert (status.state, status.open) == (ServerState.DOWN, 0)
                assert status.message.startswith("No connection to 127.0.0.1 port")
                one.__enter__()
                await anyio.sleep(0.06)
                await store.post(article(10))  # the call that finds out
                await post_all(store, range(11, 20))
                assert store.pool.statuses()[0].state is ServerState.UP
        assert len(one.posted) + len(two.posted) == 19
        assert sorted(one.posted) == sorted(wire_id(n) for n in (1, *range(10, 20)))
        assert sorted(two.posted) == sorted(wire_id(n) for n in range(2, 10))


@pytest.mark.anyio
async def test_no_server_answers_and_patience_ends() -> None:
    host, port = closed_port()
    server = Server("gone", host, port, tls=Tls.NONE)
    async with opened(server, patience=0.2) as store:
        for call in (store.post(article(1)), store.present([name(1)]), store.fetch(name(1))):
            with pytest.raises(StoreUnusableError, match=r"gone \(127.0.0.1\): No connection"):
                await call


@pytest.mark.anyio
async def test_one_of_two_does_not_answer_and_the_article_is_not_on_the_other() -> None:
    host, port = closed_port()
    with ScriptedServer() as one:
        gone = Server("gone", host, port, tls=Tls.NONE)
        async with opened(configured(one), gone, patience=0.2) as store:
            await store.post(article(1))
            assert (await store.present([name(1)])).there == {name(1)}
            found = await store.present([name(1), name(2)])
            assert found.there == {name(1)}
            assert found.unknown[name(2)].startswith("gone: No connection")
            with pytest.raises(StoreUnavailableError, match="gone"):
                await store.fetch(name(2))


@pytest.mark.anyio
async def test_waiting_for_a_server_that_comes_back() -> None:
    one = ScriptedServer()
    with one:
        server = configured(one)
    async with opened(server, patience=None) as store:
        async with anyio.create_task_group() as group:
            for number in range(5):
                group.start_soon(store.post, article(number))
            await anyio.sleep(0.1)
            assert store.pool.statuses()[0].state is ServerState.DOWN
            one.__enter__()
        one.stop()
    assert len(one.posted) == 5


@pytest.mark.anyio
async def test_too_many_connections_shrinks_the_pool() -> None:
    with ScriptedServer(limit=3) as scripted:
        scripted.latency = 0.01
        async with opened(configured(scripted, connections=10, roles=POSTS)) as store:
            await post_all(store, range(60))
            status = store.pool.statuses()[0]
            assert status.state is ServerState.UP
            assert 1 <= status.allowed <= 3 < status.configured
            assert "Too many connections" in status.message
            refused = scripted.connections
            await post_all(store, range(60, 90))
            assert scripted.connections == refused
        assert len(scripted.posted) == 90


@pytest.mark.anyio
async def test_all_connections_belong_to_others() -> None:
    with ScriptedServer(limit=0) as scripted:
        async with opened(configured(scripted), patience=None) as store:
            async with anyio.create_task_group() as group:
                group.start_soon(store.post, article(1))
                await anyio.sleep(0.1)
                status = store.pool.statuses()[0]
                assert (status.state, status.allowed) == (ServerState.PAUSED, 1)
                scripted.limit = None
        assert scripted.posted == [wire_id(1)]


@pytest.mark.anyio
async def test_in_use_elsewhere_pauses_for_long_and_the_next_takes_over() -> None:
    with ScriptedServer() as one, ScriptedServer() as two:
        one.greeting = "502 Too many simultaneous IP addresses"
        async with opened(configured(one), configured(two, name="two", priority=1)) as store:
            await post_all(store, range(10))
            status = store.pool.statuses()[0]
            assert status.state is ServerState.PAUSED
            assert status.retry_in is not None
            assert status.retry_in > 500
        assert len(two.posted) == 10
        assert one.connections <= 4


@pytest.mark.anyio
@pytest.mark.parametrize("words", ["481 Wrong password", "502 Your account has expired"])
async def test_a_refused_login_stops_the_server(words: str) -> None:
    with ScriptedServer(faults=[Fault("AUTHINFO", reply=words, times=99)]) as one:
        async with opened(configured(one, username="bob", password="secret")) as store:
            with pytest.raises(StoreUnusableError, match=words):
                await store.post(article(1))
            refused = one.connections
            for call in (store.post(article(2)), store.present([name(1)]), store.fetch(name(1))):
                with pytest.raises(StoreUnusableError, match=words):
                    await call
            assert one.connections == refused
            status = store.pool.statuses()[0]
            assert (status.state, status.message) == (ServerState.STOPPED, words)


@pytest.mark.anyio
async def test_a_server_that_echoes_the_password_does_not_give_it_away() -> None:
    with ScriptedServer(faults=[Fault("AUTHINFO", reply="481 bad: hunter2", times=9)]) as one:
        async with opened(configured(one, username="bob", password="hunter2")) as store:
            with pytest.raises(StoreUnusableError, match=r"481 bad: \*\*\*") as caught:
                await store.post(article(1))
            assert "hunter2" not in repr(store.pool.statuses())
            error: BaseException | None = caught.value
            while error is not None:
                assert "hunter2" not in str(error)
                error = error.__context__


@pytest.mark.anyio
async def test_a_required_login_that_is_not_set() -> None:
    with ScriptedServer(login=("bob", "secret")) as one:
        async with opened(configured(one)) as store:
            with pytest.raises(StoreUnusableError, match=r"480.*username"):
                await store.post(article(1))


@pytest.mark.anyio
async def test_an_upload_never_takes_the_last_connection() -> None:
    with ScriptedServer() as scripted:
        scripted.script(Fault("POST", wait=0.5, times=3))
        async with opened(configured(scripted, connections=4)) as store:
            assert store.lanes == 3
            async with anyio.create_task_group() as group:
                for number in range(12):
                    group.start_soon(store.post, article(number))
                await anyio.sleep(0.1)
                assert sum(c.state == "posting" for c in store.pool.statuses()[0].connections) == 3
                assert (await store.present([name(99)])).there == set()
                assert scripted.posted == []  # the answer did not wait for the uploads
        assert scripted.most_open == 4


@pytest.mark.parametrize(
    ("settings", "lanes"),
    [
        ([{"connections": 8}], 7),
        ([{"connections": 8, "roles": POSTS}], 8),
        ([{"connections": 1}], 1),
        ([{"connections": 8, "roles": frozenset({Role.FETCH})}], 1),
        ([{"connections": 8}, {"connections": 5}], 11),
        ([{"connections": 8}, {"connections": 5, "priority": 1}], 7),
    ],
)
def test_lanes(settings: list[dict[str, object]], lanes: int) -> None:
    servers = [Server(str(i), "host", 1, **more) for i, more in enumerate(settings)]  # type: ignore[arg-type]
    assert UsenetServers(servers).lanes == lanes


@pytest.mark.anyio
async def test_a_broken_connection_is_never_reused() -> None:
    with ScriptedServer() as scripted:
        async with opened(configured(scripted, connections=1)) as store:
            await store.post(article(1))
            scripted.script(Fault.garbage("POST"))
            await store.post(article(2))
            assert scripted.connections == 2
            scripted.drop_all()
            await store.post(article(3))
            assert scripted.connections == 3


@pytest.mark.anyio
async def test_figures() -> None:
    with ScriptedServer(faults=[Fault.drop_in_body()]) as scripted:
        async with opened(configured(scripted)) as store:
            idle = store.pool.statuses()[0]
            assert (idle.state, idle.open, idle.allowed) == (ServerState.IDLE, 0, 4)
            receipts = [await store.post(article(n)) for n in range(5)]
            await store.fetch(name(1))
            status = store.pool.statuses()[0]
        posted = sum(receipt.wire_size for receipt in receipts)
        assert status.articles == 6
        assert status.bytes > posted
        assert status.errors == 1
        assert status.latency > 0
        assert (status.busy, status.open, len(status.connections)) == (0, 1, 4)
        assert not status.encrypted
        assert sum(c.bytes for c in status.connections) == status.bytes


@pytest.mark.anyio
@pytest.mark.parametrize("on", ["connect", "MODE", "POST", "article", "STAT", "BODY"])
async def test_cancelled_while_the_server_says_nothing(on: str) -> None:
    with ScriptedServer() as scripted:
        async with opened(configured(scripted, timeout=60.0)) as store:
            await store.post(article(1))
            scripted.drop_all()
            scripted.script(Fault.never_answers(on, keep=True))
            verb = {"STAT": store.present([name(1)]), "BODY": store.fetch(name(1))}
            call = verb.pop(on, None) or store.post(article(2))
            for other in verb.values():
                other.close()
            with anyio.move_on_after(0.3) as scope:
                await call
            assert scope.cancelled_caught
            await store.post(article(2, again=True))
            await post_all(store, range(3, 20))
            assert store.pool.statuses()[0].busy == 0
        assert sorted(scripted.posted) == sorted(wire_id(n) for n in range(1, 20))


@pytest.mark.anyio
async def test_cancelled_while_waiting_for_a_connection() -> None:
    with ScriptedServer(faults=[Fault("POST", wait=0.3)]) as scripted:
        async with opened(configured(scripted, connections=1)) as store:
            async with anyio.create_task_group() as group:
                group.start_soon(store.post, article(1))
                await anyio.sleep(0.05)
                with anyio.move_on_after(0.05) as scope:
                    await store.post(article(2))
                assert scope.cancelled_caught
            await store.post(article(3))
        assert scripted.posted == [wire_id(1), wire_id(3)]


@pytest.mark.anyio
async def test_closing_while_posting() -> None:
    with ScriptedServer(faults=[Fault.never_answers("article")]) as scripted:
        async with anyio.create_task_group() as group:
            pool = UsenetServers([configured(scripted, connections=1, timeout=60.0)])
            store = UsenetStore(pool, STYLE, KnownAliases())

            async def post(number: int) -> None:
                with pytest.raises(StoreUnavailableError):
                    await store.post(article(number))

            group.start_soon(post, 1)
            group.start_soon(post, 2)
            await anyio.sleep(0.1)
            await pool.aclose()
        assert scripted.connections == 1


@pytest.mark.anyio
async def test_bandwidth_can_be_limited_and_unlimited() -> None:
    with ScriptedServer() as scripted:
        async with opened(configured(scripted), bandwidth_limit=20_000) as store:
            async with anyio.create_task_group() as group:
                for number in range(5):
                    group.start_soon(store.post, article(number))
                await anyio.sleep(0.3)
                assert len(scripted.posted) < 5
                store.pool.set_bandwidth_limit(0)
        assert len(scripted.posted) == 5
