"""A lane fetches many articles on one connection, and gives it back when it must."""

from __future__ import annotations

from collections import deque

import anyio
import pytest
from scripted_server import Fault, ScriptedServer
from usenet_ground import article, configured, name, opened, wire_id
from wants import ListedWants

from usenetsync_tui.errors import ArticleMissingError, StoreUnavailableError
from usenetsync_tui.model.ports.stores import WantedArticle
from usenetsync_tui.model.servers.servers import Role
from usenetsync_tui.store.usenet.store import UsenetStore

FETCHES = frozenset({Role.FETCH})
COUNT = 30


def wants(*numbers: int) -> ListedWants:
    return ListedWants(deque(WantedArticle(name(n)) for n in numbers))


def whole(source: ListedWants, *numbers: int) -> bool:
    """Whether each article came once, in this order, with its bytes."""
    return source.results == [(name(n), article(n).payload) for n in numbers]


async def filled(store: UsenetStore, *servers: ScriptedServer) -> None:
    """Post all articles to the first server, and copy them to the others."""
    for number in range(COUNT):
        await store.post(article(number))
    for other in servers[1:]:
        for number in range(COUNT):
            other.keep(wire_id(number), servers[0].articles[wire_id(number)])


@pytest.mark.anyio
async def test_many_articles_cross_the_event_loop_once(crossings: list[int]) -> None:
    with ScriptedServer() as server:
        async with opened(configured(server)) as store:
            await filled(store, server)
            crossings.clear()
            source = wants(*range(COUNT))
            await store.fetch_from(source)
    assert whole(source, *range(COUNT))
    # One burst; more only if it took longer than a lease may.
    assert len(crossings) <= 3


@pytest.mark.anyio
@pytest.mark.parametrize(
    "fault",
    [
        Fault("BODY", close=True),
        Fault.garbage("BODY"),
        Fault("BODY", reply="222 0\r\nhalf of it", close=True),
        Fault("BODY", reply="400 Going down", close=True),
        Fault("BODY", reply="503 Broken"),
        Fault("BODY", reply="430 No such article"),
        Fault.never_answers("BODY"),
    ],
    ids=["lost", "garbage", "half", "400", "503", "430", "silence"],
)
@pytest.mark.parametrize("at", [0, 7])
async def test_only_the_article_with_the_odd_answer_is_asked_for_again(
    fault: Fault, at: int
) -> None:
    with ScriptedServer() as server, ScriptedServer() as other:
        servers = (
            configured(server, timeout=0.5),
            configured(other, name="two", roles=FETCHES, priority=1),
        )
        async with opened(*servers) as store:
            await filled(store, server, other)
            source = wants(*range(15))

            def strike(wanted: WantedArticle) -> None:
                if wanted.message_id == name(at):
                    server.script(fault)

            source.before = strike
            with anyio.fail_after(60):
                await store.fetch_from(source)
    assert whole(source, *range(15))
    assert server.commands["BODY"] + other.commands["BODY"] == 16


@pytest.mark.anyio
async def test_an_article_with_another_name_or_without_any_server_stops_no_other() -> None:
    with ScriptedServer() as server:
        async with opened(configured(server)) as store:
            await filled(store, server)
            server.keep("alias@x", server.articles.pop(wire_id(3)))
            store._aliases.ids[name(3)] = ["nowhere@x", "alias@x"]  # type: ignore[attr-defined]
            del server.articles[wire_id(5)]
            source = wants(*range(8))
            await store.fetch_from(source)
            missing = source.results.pop(5)
            assert missing[0] == name(5) and isinstance(missing[1], ArticleMissingError)
            assert whole(source, 0, 1, 2, 3, 4, 6, 7)
            # A server that breaks at one article has not said that it lacks it.
            server.script(Fault("BODY", close=True, times=6))
            source = wants(1, 2)
            await store.fetch_from(source)
            (_, first), second = source.results
            assert isinstance(first, StoreUnavailableError)
            assert second == (name(2), article(2).payload)


@pytest.mark.anyio
async def test_a_paused_server_keeps_no_lane() -> None:
    with ScriptedServer() as server, ScriptedServer() as other:
        servers = (
            configured(server),
            configured(other, name="two", roles=FETCHES, priority=1),
        )
        async with opened(*servers) as store:
            await filled(store, server, other)
            pool = store.pool  # type: ignore[attr-defined]
            source = wants(*range(COUNT))

            def pause(wanted: WantedArticle) -> None:
                if wanted.message_id == name(10):
                    pool.roster.entry("one").held = True

            source.before = pause
            await store.fetch_from(source)
    assert whole(source, *range(COUNT))
    # The article that the lane had taken already still comes on its connection.
    assert server.commands["BODY"] == 11
    assert other.commands["BODY"] == COUNT - 11
