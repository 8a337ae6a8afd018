"""Answers are matched to commands; if they do not match, none counts."""

from __future__ import annotations

import anyio
import pytest
from scripted_server import Fault, ScriptedServer
from usenet_ground import article, configured, name, opened, wire_id

from usenetsync_tui.errors import ArticleMissingError, StoreUnavailableError
from usenetsync_tui.model.servers.servers import ServerState

MANY = range(20)
LOST = 11


def holding(scripted: ScriptedServer, *but: int) -> None:
    for number in set(MANY) - set(but):
        scripted.keep(wire_id(number), b"")


def names(*but: int) -> set[bytes]:
    return {name(n) for n in MANY if n not in but}


SURPLUS = [b"223 0 <x@y> retrieved", b"223 0", b"223", b"430 No such article", b"451", b"503 What",
           b"222 0", b"111 20260101000000", b"400 Busy", b"423"]  # fmt: skip


@pytest.mark.anyio
@pytest.mark.parametrize("surplus", SURPLUS)
@pytest.mark.parametrize("bare", [False, True], ids=["named", "bare"])
@pytest.mark.parametrize("at", [0, 5, 12, 19])
async def test_one_answer_too_many(surplus: bytes, bare: bool, at: int) -> None:
    with ScriptedServer() as scripted:
        holding(scripted, LOST)
        if bare:
            scripted.stat_answer = "223"
        scripted.script(Fault(f"STAT {wire_id(at)}", surplus=surplus + b"\r\n"))
        async with opened(configured(scripted)) as store:
            found = await store.present([name(n) for n in MANY])
        assert scripted.waiting == []
        assert (found.there, found.unknown) == (names(LOST), {})


@pytest.mark.anyio
@pytest.mark.parametrize("surplus", ["223 0 <x@y>", "223", "430 No such article"])
async def test_always_one_answer_too_many(surplus: str) -> None:
    with ScriptedServer() as scripted:
        holding(scripted, LOST)
        scripted.surplus = surplus
        async with opened(configured(scripted)) as store:
            found = await store.present(names())
            assert found.there == set()
            assert found.unknown.keys() == names()
            assert store.pool.statuses()[0].state is not ServerState.DOWN
            assert scripted.connections < 10


@pytest.mark.anyio
@pytest.mark.parametrize("always", [False, True])
async def test_the_answer_of_another_article(always: bool) -> None:
    reply = f"223 0 <{wire_id(3)}>"
    with ScriptedServer() as scripted:
        holding(scripted, LOST)
        scripted.script(Fault(f"STAT {wire_id(LOST)}", reply=reply, times=99 if always else 1))
        async with opened(configured(scripted)) as store:
            found = await store.present(names())
        assert found.there == names(LOST)
        assert found.unknown.keys() == ({name(LOST)} if always else set())


@pytest.mark.anyio
async def test_all_answers_name_another_article() -> None:
    with ScriptedServer() as scripted:
        holding(scripted, LOST)
        scripted.stat_answer = "223 0 <always@the.same>"
        async with opened(configured(scripted)) as store:
            found = await store.present(names())
        assert found.there == set()
        assert found.unknown.keys() >= names(LOST)
        assert "always@the.same" in found.unknown[name(0)]


@pytest.mark.anyio
async def test_two_servers_one_of_which_is_out_of_step() -> None:
    with ScriptedServer() as one, ScriptedServer() as two:
        holding(one, LOST)
        holding(two, LOST)
        one.surplus = "223"
        async with opened(configured(one), configured(two, name="two", priority=1)) as store:
            found = await store.present(names())
        assert found.there == names(LOST)
        assert found.unknown.keys() == {name(LOST)}
        assert found.unknown[name(LOST)].startswith("one: ")


@pytest.mark.anyio
async def test_a_server_that_does_not_know_date() -> None:
    with ScriptedServer() as scripted:
        holding(scripted, LOST)
        scripted.script(Fault("DATE", reply="500 What?", times=99))
        async with opened(configured(scripted)) as store:
            found = await store.present(names())
            assert (found.there, found.unknown) == (names(LOST), {})
            scripted.script(Fault(f"STAT {wire_id(5)}", surplus=b"223\r\n"))
            scripted.stat_answer = "223"
            found = await store.present(names())
            assert (found.there, found.unknown) == (names(LOST), {})


BEFORE_BODY = [b"430 No such article", b"223", b"503 Broken", b"451 gone", b"222 0 <x@y>", b"205"]


@pytest.mark.anyio
@pytest.mark.parametrize("surplus", BEFORE_BODY)
@pytest.mark.parametrize("bare", [False, True], ids=["named", "bare"])
async def test_one_answer_too_many_before_a_body(surplus: bytes, bare: bool) -> None:
    with ScriptedServer() as scripted:
        async with opened(configured(scripted, connections=1)) as store:
            for number in range(4):
                await store.post(article(number))
            if bare:
                scripted.body_answer = "222"
            scripted.script(Fault("BODY", surplus=surplus + b"\r\n"))
            for number in range(4):
                assert await store.fetch(name(number)) == article(number).payload
            with pytest.raises(ArticleMissingError):
                await store.fetch(name(9))


@pytest.mark.anyio
async def test_the_body_of_another_article() -> None:
    with ScriptedServer() as scripted:
        async with opened(configured(scripted)) as store:
            await store.post(article(1))
            scripted.body_answer = f"222 0 <{wire_id(2)}>"
            with pytest.raises(StoreUnavailableError, match="BODY"):
                await store.fetch(name(1))


@pytest.mark.anyio
@pytest.mark.parametrize("surplus", BEFORE_BODY)
async def test_callers_that_share_a_connection_out_of_step(surplus: bytes) -> None:
    with ScriptedServer() as scripted:
        async with opened(configured(scripted, connections=2, pipeline=4)) as store:
            for number in range(12):
                await store.post(article(number))
            scripted.script(*(Fault("BODY", surplus=surplus + b"\r\n") for _ in range(3)))

            async def fetch(number: int) -> None:
                assert await store.fetch(name(number)) == article(number).payload

            async with anyio.create_task_group() as group:
                for number in range(12):
                    group.start_soon(fetch, number)
        assert scripted.waiting == []


@pytest.mark.anyio
@pytest.mark.parametrize("surplus", [b"240 taken", b"441 refused", b"340 more", b"223 0 <x@y>"])
@pytest.mark.parametrize("on", ["POST", "article"])
async def test_one_answer_too_many_while_posting(surplus: bytes, on: str) -> None:
    with ScriptedServer() as scripted:
        async with opened(configured(scripted, connections=1)) as store:
            await store.post(article(1))
            scripted.script(Fault(on, surplus=surplus + b"\r\n"))
            for number in range(2, 5):
                await store.post(article(number))
        for number in range(1, 5):
            if on == "article" and surplus.startswith(b"240"):
                continue  # no reader could tell it from the right one
            assert wire_id(number) in scripted.articles
        assert len(scripted.posted) == len(set(scripted.posted))
