"""Connections for posting are opened before the first article is there."""

from __future__ import annotations

import socket

import anyio
import pytest
from scripted_server import Fault, ScriptedServer
from usenet_ground import POSTS, article, configured, opened
from worlds import until

from usenetsync_tui.errors import StoreUnusableError
from usenetsync_tui.model.servers.servers import ServerState

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(("more", "lanes"), [({}, 3), ({"roles": POSTS}, 4)])
async def test_every_lane_of_the_servers_that_serve_first_is_connected(
    more: dict[str, object], lanes: int
) -> None:
    with ScriptedServer() as one, ScriptedServer() as equal, ScriptedServer() as backup:
        servers = (
            configured(one, **more),
            configured(equal, name="two", **more),
            configured(backup, name="three", priority=1),
        )
        async with opened(*servers) as store:
            await store.pool.open_lanes()
            assert (one.open, equal.open, backup.connections) == (lanes, lanes, 0)
            assert [s.busy for s in store.pool.statuses()] == [0, 0, 0]
            async with anyio.create_task_group() as group:
                for number in range(20):
                    group.start_soon(store.post, article(number))
            await store.pool.open_lanes()
        assert (one.connections, equal.connections) == (lanes, lanes)
        assert len(one.posted) + len(equal.posted) == 20


async def test_connections_in_use_are_not_waited_for() -> None:
    with ScriptedServer(faults=[Fault("POST", wait=30.0, times=4)]) as scripted:
        async with opened(configured(scripted, roles=POSTS, timeout=60.0)) as store:
            async with anyio.create_task_group() as group:
                for number in range(4):
                    group.start_soon(store.post, article(number))
                await until(lambda: store.pool.statuses()[0].busy == 4)
                with anyio.fail_after(5):
                    await store.pool.open_lanes()
                group.cancel_scope.cancel()


async def test_a_server_that_is_away_is_told_to_who_posts() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, ScriptedServer() as scripted:
        host, port = listener.getsockname()
    scripted.host, scripted.port = host, port  # nobody listens there
    async with opened(configured(scripted), patience=0.0) as store:
        await store.pool.open_lanes()
        assert store.pool.statuses()[0].state is ServerState.DOWN
        await store.pool.open_lanes()  # it is left alone
        with pytest.raises(StoreUnusableError, match="one"):
            await store.post(article(1))


@pytest.mark.parametrize("on", ["connect", "MODE"])
async def test_cancelled_while_the_server_says_nothing(on: str) -> None:
    with ScriptedServer(faults=[Fault.never_answers(on, keep=True)]) as scripted:
        async with opened(configured(scripted, timeout=60.0)) as store:
            with anyio.move_on_after(0.3) as scope:
                await store.pool.open_lanes()
            assert scope.cancelled_caught
            scripted.forget()
            await store.post(article(1))
            await until(lambda: store.pool.statuses()[0].busy == 0)
    assert len(scripted.posted) == 1


async def test_a_server_that_allows_fewer_is_taken_at_its_word() -> None:
    with ScriptedServer(limit=2) as scripted:
        async with opened(configured(scripted, connections=10, roles=POSTS)) as store:
            await store.pool.open_lanes()
            assert 1 <= store.pool.statuses()[0].allowed <= 2
            await store.post(article(1))
    assert len(scripted.posted) == 1
