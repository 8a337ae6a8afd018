"""An answer concerns one article: an odd answer says nothing about the others."""

from __future__ import annotations

import pytest
from scripted_server import Fault, ScriptedServer
from usenet_ground import configured, name, opened, wire_id

from usenetsync_tui.errors import ArticleMissingError, StoreUnavailableError, StoreUnusableError
from usenetsync_tui.model.servers.servers import ServerState

MANY = range(300)
LOST, ODD = 7, 150

ODD_REPLIES = [
    "503 Overview broken",
    "403 Internal fault",
    "500 What?",
    "499 ?",
    "400 Not this one",
    "412 No newsgroup selected",
    "502 Access denied",
    "502 Too many connections",
    "502 Download limit exceeded",
    "481 Authentication failed",
    "483 Encryption required",
    "503 Timeout",
    "421 No next article",
    "452 451 430",
]


def holding(scripted: ScriptedServer, *but: int) -> None:
    for number in set(MANY) - set(but):
        scripted.keep(wire_id(number), b"")


def names(*but: int) -> set[bytes]:
    return {name(n) for n in MANY if n not in but}


@pytest.mark.anyio
@pytest.mark.parametrize("reply", ODD_REPLIES)
async def test_an_odd_answer_is_about_one_article(reply: str) -> None:
    with ScriptedServer() as scripted:
        holding(scripted, LOST)
        scripted.replies["STAT", wire_id(ODD)] = reply
        async with opened(configured(scripted)) as store:
            found = await store.present(names())
            assert found.there == names(LOST, ODD)
            assert found.unknown == {name(ODD): f"one: {reply}"}
            again = await store.present([name(1), name(LOST)])
            assert (again.there, again.unknown) == ({name(1)}, {})
            assert store.pool.statuses()[0].state is ServerState.UP


@pytest.mark.anyio
@pytest.mark.parametrize("reply", ["430 No", "423 none", "420 none", "451 Removed on request"])
async def test_a_clear_no_in_all_its_forms(reply: str) -> None:
    with ScriptedServer() as scripted:
        holding(scripted)
        scripted.replies["STAT", wire_id(ODD)] = reply
        scripted.replies["BODY", wire_id(ODD)] = reply
        async with opened(configured(scripted)) as store:
            found = await store.present(names())
            assert (found.there, found.unknown) == (names(ODD), {})
            with pytest.raises(ArticleMissingError):
                await store.fetch(name(ODD))


@pytest.mark.anyio
async def test_another_server_may_know() -> None:
    with ScriptedServer() as one, ScriptedServer() as two:
        holding(one, LOST, 8)
        for number in (ODD, 8):
            two.keep(wire_id(number), b"")
        one.replies["STAT", wire_id(ODD)] = "503 Broken"
        two.replies["STAT", wire_id(LOST)] = "500 What?"
        async with opened(configured(one), configured(two, name="two", priority=1)) as store:
            found = await store.present(names())
        assert found.there == names(LOST)
        assert found.unknown == {name(LOST): "two: 500 What?"}


@pytest.mark.anyio
async def test_odd_for_a_while_is_asked_again() -> None:
    faults = [Fault("STAT", reply="503 Broken", times=2), Fault("STAT", reply="400 Busy")]
    with ScriptedServer(faults=faults) as scripted:
        holding(scripted, LOST)
        async with opened(configured(scripted)) as store:
            found = await store.present(names())
        assert (found.there, found.unknown) == (names(LOST), {})


@pytest.mark.anyio
@pytest.mark.parametrize("close", [True, False])
async def test_an_article_that_always_ends_the_session_is_unknown_alone(close: bool) -> None:
    with ScriptedServer() as scripted:
        holding(scripted, LOST)
        scripted.script(Fault(f"STAT {wire_id(ODD)}", reply="400 Bye", close=close, times=99))
        async with opened(configured(scripted, connections=1)) as store:
            found = await store.present(names())
            assert found.there == names(LOST, ODD)
            assert found.unknown == {name(ODD): "one: 400 Bye"}
            assert store.pool.statuses()[0].state is ServerState.UP


@pytest.mark.anyio
@pytest.mark.parametrize("reset", [False, True])
async def test_several_articles_that_the_server_breaks_over(reset: bool) -> None:
    bad = {3, 4, 99, 299}
    with ScriptedServer() as scripted:
        holding(scripted, LOST)
        for number in bad:
            fault = Fault(f"STAT {wire_id(number)}", close=True, reset=reset, times=99)
            scripted.script(fault)
        async with opened(configured(scripted, connections=1)) as store:
            found = await store.present(names())
        assert found.there == names(LOST, *bad)
        assert found.unknown.keys() == {name(n) for n in bad}


@pytest.mark.anyio
async def test_a_server_that_always_breaks_is_given_up_soon() -> None:
    with ScriptedServer() as scripted:
        scripted.script(Fault("STAT", close=True, times=10_000))
        async with opened(configured(scripted, connections=1)) as store:
            found = await store.present(names())
        assert found.there == set()
        assert found.unknown.keys() == names()
        assert scripted.connections <= 5


@pytest.mark.anyio
@pytest.mark.parametrize("reply", ["502 Access denied", "502 Payment required"])
async def test_the_same_refusal_for_everything_is_about_the_account(reply: str) -> None:
    with ScriptedServer() as scripted:
        scripted.replies["STAT", "*"] = scripted.replies["BODY", "*"] = reply
        async with opened(configured(scripted)) as store:
            with pytest.raises(StoreUnusableError, match=reply):
                for _ in range(2):
                    assert (await store.present([name(1)])).unknown.keys() == {name(1)}
            assert store.pool.statuses()[0].state is ServerState.STOPPED
            with pytest.raises(StoreUnusableError, match=reply):
                await store.fetch(name(1))


@pytest.mark.anyio
@pytest.mark.parametrize("reply", ODD_REPLIES)
async def test_an_odd_answer_to_body_is_not_a_no(reply: str) -> None:
    with ScriptedServer() as scripted:
        scripted.replies["BODY", wire_id(ODD)] = reply
        async with opened(configured(scripted)) as store:
            with pytest.raises(StoreUnavailableError, match=reply[:3]):
                await store.fetch(name(ODD))
            with pytest.raises(ArticleMissingError):
                await store.fetch(name(1))
