"""present and fetch: which server's no counts, and which answers are not a no."""

from __future__ import annotations

import anyio
import pytest
from scripted_server import Fault, ScriptedServer
from usenet_ground import POSTS, article, configured, name, opened, wire_id

from usenetsync_tui.errors import ArticleCorruptError, ArticleMissingError, StoreUnavailableError
from usenetsync_tui.model.servers.servers import Role

FETCHES = frozenset({Role.FETCH})
VERIFIES = frozenset({Role.VERIFY})


@pytest.mark.anyio
async def test_thousands_of_ids_in_few_round_trips() -> None:
    with ScriptedServer() as scripted:
        for number in range(0, 2_500, 3):
            scripted.keep(wire_id(number), b"")
        async with opened(configured(scripted)) as store:
            found = (await store.present([name(n) for n in range(2_500)])).there
        assert found == {name(n) for n in range(0, 2_500, 3)}
        assert scripted.connections == 4
        assert scripted.commands["STAT"] == 2_500


@pytest.mark.anyio
async def test_the_next_server_is_asked_for_articles_the_first_lacks() -> None:
    with ScriptedServer() as one, ScriptedServer() as two:
        servers = configured(one), configured(two, name="two", priority=1)
        for number in range(10):
            (one if number % 2 else two).keep(wire_id(number), b"")
        async with opened(*servers) as store:
            found = (await store.present([name(n) for n in range(12)])).there
        assert found == {name(n) for n in range(10)}
        assert (one.commands["STAT"], two.commands["STAT"]) == (12, 7)


@pytest.mark.anyio
async def test_only_servers_that_verify_are_asked() -> None:
    with ScriptedServer() as one, ScriptedServer() as two:
        servers = configured(one, roles=POSTS), configured(two, name="two", roles=VERIFIES)
        two.keep(wire_id(1), b"")
        async with opened(*servers) as store:
            assert (await store.present([name(1)])).there == {name(1)}
        assert one.connections == 0


@pytest.mark.anyio
async def test_without_a_server_that_verifies_the_others_will_do() -> None:
    with ScriptedServer() as scripted:
        async with opened(configured(scripted, roles=POSTS)) as store:
            await store.post(article(1))
            assert (await store.present([name(1), name(2)])).there == {name(1)}


@pytest.mark.anyio
@pytest.mark.parametrize(
    "reply", ["503 Overview broken", "412 No group", "500 What?", "222 0", "100"]
)
async def test_an_error_is_not_a_no(reply: str) -> None:
    with ScriptedServer(faults=[Fault("STAT", reply=reply, times=99)]) as scripted:
        async with opened(configured(scripted)) as store:
            found = await store.present([name(1)])
        assert found.there == set()
        assert list(found.unknown) == [name(1)]
        assert reply in found.unknown[name(1)]
        # After 412 each try is repeated once, in a newsgroup.
        assert scripted.commands["STAT"] == (6 if reply.startswith("412") else 3)


@pytest.mark.anyio
async def test_an_error_now_and_then_is_asked_again() -> None:
    faults = [Fault("STAT", reply="503 Broken"), Fault("STAT", close=True)]
    with ScriptedServer(faults=faults) as scripted:
        scripted.keep(wire_id(1), b"")
        async with opened(configured(scripted)) as store:
            assert (await store.present([name(n) for n in range(300)])).there == {name(1)}


@pytest.mark.anyio
async def test_a_bare_223_is_a_yes() -> None:
    with ScriptedServer() as scripted:
        scripted.stat_answer = "223"
        scripted.keep(wire_id(1), b"")
        async with opened(configured(scripted)) as store:
            assert (await store.present([name(1), name(2)])).there == {name(1)}


@pytest.mark.anyio
async def test_the_login_that_is_wanted_in_the_middle() -> None:
    faults = [Fault("STAT", reply="480 Log in"), Fault("STAT", reply="480 Log in")]
    with ScriptedServer(login=("bob", "secret"), faults=faults) as scripted:
        for number in range(50):
            scripted.keep(wire_id(number), b"")
        async with opened(configured(scripted, username="bob", password="secret")) as store:
            assert len((await store.present([name(n) for n in range(250)])).there) == 50


@pytest.mark.anyio
async def test_an_article_becomes_visible_later() -> None:
    with ScriptedServer() as scripted:
        scripted.stat_delay = 0.3
        async with opened(configured(scripted)) as store:
            await store.post(article(1))
            assert (await store.present([name(1)])).there == set()
            await anyio.sleep(0.35)
            assert (await store.present([name(1)])).there == {name(1)}


@pytest.mark.anyio
async def test_a_poisoned_id_is_posted_but_not_present() -> None:
    with ScriptedServer() as scripted:
        scripted.poisoned.add(wire_id(1))
        async with opened(configured(scripted)) as store:
            await store.post(article(1, again=True))
            assert (await store.present([name(1)])).there == set()
            with pytest.raises(ArticleMissingError, match=name(1).hex()):
                await store.fetch(name(1))


@pytest.mark.anyio
async def test_fetched_from_the_server_that_has_it() -> None:
    with ScriptedServer() as one, ScriptedServer() as two:
        servers = (
            configured(one, roles=POSTS),
            configured(two, name="two", roles=FETCHES, priority=1),
        )
        async with opened(*servers) as store:
            await store.post(article(1))
            with pytest.raises(ArticleMissingError):
                await store.fetch(name(1))
            two.keep(wire_id(1), one.articles[wire_id(1)])
            assert await store.fetch(name(1)) == article(1).payload
        assert one.commands["BODY"] == 0


@pytest.mark.anyio
async def test_a_damaged_article_is_fetched_elsewhere() -> None:
    with ScriptedServer() as one, ScriptedServer() as two:
        servers = configured(one), configured(two, name="two", priority=1)
        async with opened(*servers) as store:
            await store.post(article(1))
            whole = one.articles[wire_id(1)]
            one.articles[wire_id(1)] = whole.replace(b"\r\n=yend", b"x\r\n=yend")
            with pytest.raises(ArticleCorruptError):
                await store.fetch(name(1))
            two.keep(wire_id(1), whole)
            assert await store.fetch(name(1)) == article(1).payload
            assert store.pool.statuses()[0].open == 1  # the connection still works


@pytest.mark.anyio
async def test_an_alias_is_used_when_the_name_is_not_found() -> None:
    with ScriptedServer() as scripted:
        async with opened(configured(scripted)) as store:
            await store.post(article(1))
            article_there = scripted.articles.pop(wire_id(1))
            store._aliases.ids[name(1)] = ["nowhere@x", "alias@x"]
            with pytest.raises(ArticleMissingError):
                await store.fetch(name(1))
            scripted.keep("alias@x", article_there)
            assert await store.fetch(name(1)) == article(1).payload
            # An earlier name proves nothing; the name that a server gave it does.
            assert (await store.present([name(1), name(2)])).there == set()
            store._aliases.ids[name(1)] = ["alias@x", "nowhere@x"]
            assert (await store.present([name(1), name(2)])).there == {name(1)}


@pytest.mark.anyio
@pytest.mark.parametrize("pipeline", [1, 2, 5])
@pytest.mark.parametrize("split", [0, 1_000])
async def test_lanes_share_a_connection(pipeline: int, split: int) -> None:
    with ScriptedServer() as scripted:
        scripted.split = split
        settings = configured(scripted, connections=2, pipeline=pipeline)
        async with opened(settings) as store:
            for number in range(30):
                await store.post(article(number))
            fetched: dict[int, bytes] = {}

            async def fetch(number: int) -> None:
                fetched[number] = await store.fetch(name(number))

            async with anyio.create_task_group() as group:
                for number in range(30):
                    group.start_soon(fetch, number)
        assert fetched == {n: article(n).payload for n in range(30)}
        assert scripted.most_open == 2


@pytest.mark.anyio
@pytest.mark.parametrize(
    "fault",
    [
        Fault("BODY", close=True, times=3),
        Fault.garbage("BODY"),
        Fault("BODY", reply="222 0\r\nhalf of it", close=True),
        Fault("BODY", reply="400 Going down", close=True),
        Fault("BODY", reply="480 Log in"),
        Fault("BODY", reply="503 Broken"),
        Fault.never_answers("BODY"),
    ],
    ids=["lost", "garbage", "half", "400", "480", "503", "silence"],
)
async def test_an_error_on_a_shared_connection_fails_no_article(fault: Fault) -> None:
    with ScriptedServer(login=("bob", "secret")) as scripted:
        settings = configured(
            scripted, connections=2, pipeline=4, username="bob", password="secret", timeout=0.5
        )
        async with opened(settings, tries=6) as store:
            for number in range(20):
                await store.post(article(number))
            scripted.script(fault)

            async def fetch(number: int) -> None:
                assert await store.fetch(name(number)) == article(number).payload

            async with anyio.create_task_group() as group:
                for number in range(20):
                    group.start_soon(fetch, number)
        assert scripted.waiting == []


@pytest.mark.anyio
async def test_cancelling_one_of_those_who_share_does_not_harm_the_others() -> None:
    with ScriptedServer() as scripted:
        settings = configured(scripted, connections=1, pipeline=3)
        async with opened(settings) as store:
            for number in range(3):
                await store.post(article(number))
            scripted.script(Fault("BODY", wait=0.4))
            fetched: list[bytes] = []

            async def fetch(number: int, cancelled_after: float) -> None:
                with anyio.move_on_after(cancelled_after):
                    fetched.append(await store.fetch(name(number)))

            async with anyio.create_task_group() as group:
                group.start_soon(fetch, 0, 60.0)
                await anyio.sleep(0.05)
                group.start_soon(fetch, 1, 0.1)
                group.start_soon(fetch, 2, 60.0)
            assert sorted(fetched) == sorted([article(0).payload, article(2).payload])
            assert await store.fetch(name(1)) == article(1).payload
            assert store.pool.statuses()[0].busy == 0
        assert scripted.connections == 1


@pytest.mark.anyio
async def test_cancelling_all_who_share_frees_the_connection_at_once() -> None:
    with ScriptedServer() as scripted:
        settings = configured(scripted, connections=1, pipeline=3, timeout=60.0)
        async with opened(settings) as store:
            await store.post(article(1))
            scripted.script(Fault.never_answers("BODY"))
            with anyio.move_on_after(0.2):
                async with anyio.create_task_group() as group:
                    for _ in range(3):
                        group.start_soon(store.fetch, name(1))
            assert await store.fetch(name(1)) == article(1).payload


@pytest.mark.anyio
async def test_an_article_without_end() -> None:
    with ScriptedServer() as scripted:
        scripted.keep(wire_id(1), b"Subject: x\r\n\r\n" + b"x" * (65 << 20) + b"\r\n")
        async with opened(configured(scripted, timeout=20.0)) as store:
            with pytest.raises(ArticleCorruptError, match="longer"):
                await store.fetch(name(1))


@pytest.mark.anyio
async def test_a_stopped_server_may_have_a_missing_article() -> None:
    with ScriptedServer() as one, ScriptedServer(login=("me", "right")) as two:
        stopped = configured(two, name="two", username="me", password="wrong", priority=1)
        async with opened(configured(one), stopped, tries=1) as store:
            await store.post(article(1))
            words = "two: stopped, and might have them (481"
            found = await store.present([name(1), name(2)])
            assert found.there == {name(1)}
            assert found.unknown[name(2)].startswith(words)
            with pytest.raises(StoreUnavailableError, match="two: stopped, and might"):
                await store.fetch(name(2))
            assert (await store.present([name(1)])).there == {name(1)}


@pytest.mark.anyio
async def test_an_adopted_name_is_found_though_a_stopped_server_might_have_the_own_one() -> None:
    with ScriptedServer() as one, ScriptedServer(login=("me", "right")) as two:
        one.keep("adopted@x", b"")
        stopped = configured(two, name="two", username="me", password="wrong", priority=1)
        async with opened(configured(one), stopped, tries=1) as store:
            await store._aliases.adopt(name(1), "adopted@x")
            found = await store.present([name(1), name(2)])
            assert found.there == {name(1)}
            assert "two" in found.unknown[name(2)]


@pytest.mark.anyio
async def test_without_waiting_no_call_waits_for_a_failing_server() -> None:
    with ScriptedServer() as scripted:
        settings = configured(scripted, connections=1, pipeline=1)
        async with opened(settings, patience=None) as store:
            await store.post(article(1))
            scripted.script(Fault("STAT", wait=0.3, close=True))
            async with anyio.create_task_group() as group:
                group.start_soon(store.present, [name(1)])
                while not store.pool.statuses()[0].busy:  # noqa: ASYNC110 - it has no event
                    await anyio.sleep(0.01)
                scripted.greeting = "502 Too many simultaneous IP addresses"
                with anyio.fail_after(60), pytest.raises(StoreUnavailableError):
                    await store.fetch(name(1), wait=False)
                group.cancel_scope.cancel()


@pytest.mark.anyio
async def test_without_waiting_only_servers_that_answer_are_asked() -> None:
    with ScriptedServer() as one, ScriptedServer() as two:
        servers = configured(one), configured(two, name="two")
        async with opened(*servers, patience=600, tries=1) as store:
            two.keep(wire_id(1), b"")
            two.stop()
            with pytest.raises(StoreUnavailableError):
                with anyio.fail_after(60):
                    while True:  # the first call finds that out
                        await store.fetch(name(1), wait=False)
            with two:
                pass
