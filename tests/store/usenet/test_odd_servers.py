"""Servers with odd habits: groups first, 201 before a login, odd clocks and codes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import anyio
import pytest
from scripted_server import Fault, ScriptedServer
from usenet_ground import article, configured, name, opened, wire_id

from usenetsync_tui.codec.answers import Meaning
from usenetsync_tui.codec.nntp import Reply
from usenetsync_tui.errors import ArticleMissingError, StoreUnavailableError, StoreUnusableError
from usenetsync_tui.store.usenet.connection.connection import Connection
from usenetsync_tui.store.usenet.connection.shared import Shared, skew_of
from usenetsync_tui.store.usenet.diagnosis import diagnose

LOGIN: dict[str, Any] = {"username": "bob", "password": "secret"}


# A server that requires a group first (412)


@pytest.mark.anyio
async def test_a_group_is_entered_once_for_each_connection() -> None:
    with ScriptedServer() as one:
        one.wants_group = frozenset({"alt.test"})
        async with opened(configured(one, connections=1)) as store:
            for number in range(5):
                await store.post(article(number))
            found = await store.present([name(n) for n in range(7)])
            assert (found.there, found.unknown) == ({name(n) for n in range(5)}, {})
            assert one.commands["GROUP"] == 1
            async with anyio.create_task_group() as group:
                for number in range(5):
                    group.start_soon(store.fetch, name(number))
            assert one.commands["GROUP"] <= 2  # two lanes may do it at once
            before = one.commands["GROUP"]
            one.drop_all()
            assert await store.fetch(name(1)) == article(1).payload
            assert one.commands["GROUP"] == before + 1


@pytest.mark.anyio
async def test_an_article_in_doubt_is_checked_in_a_group() -> None:
    with ScriptedServer() as one:
        one.wants_group = frozenset({"alt.test"})
        async with opened(configured(one)) as store:
            await store.post(article(1))
            await store.post(article(1, again=True))
        assert one.commands["POST"] == 1


@pytest.mark.anyio
async def test_missing_groups_are_not_tried_for_ever() -> None:
    with ScriptedServer() as one:
        one.wants_group = frozenset({"misc.other"})
        async with opened(configured(one, connections=1)) as store:
            await store.post(article(1))
            found = await store.present([name(1)])
            assert found.unknown == {name(1): "one: 412 No newsgroup selected"}
            with pytest.raises(StoreUnavailableError, match="412"):
                await store.fetch(name(1))
        assert one.commands["GROUP"] == 1


# 201 before the login


@pytest.mark.anyio
@pytest.mark.parametrize("capabilities", [None, ("VERSION 2", "READER")])
async def test_posting_is_tried_after_the_login(capabilities: tuple[str, ...] | None) -> None:
    with ScriptedServer(login=("bob", "secret")) as one:
        one.greeting = one.mode_reader = "201 No posting"
        one.capabilities = capabilities
        async with opened(configured(one, **LOGIN)) as store:
            await store.post(article(1))
        steps = {
            s.name: s async for s in diagnose(configured(one, **LOGIN), newsgroups=["alt.test"])
        }
        assert steps["posting"].ok is None
        assert steps["post"].ok


@pytest.mark.anyio
async def test_201_that_is_meant_is_believed_at_the_first_refusal() -> None:
    with ScriptedServer(login=("bob", "secret")) as one:
        one.greeting = one.mode_reader = "201 No posting"
        one.script(Fault("POST", reply="440 No", times=99))
        async with opened(configured(one, **LOGIN)) as store:
            for _ in range(2):
                with pytest.raises(StoreUnusableError, match="440 No"):
                    await store.post(article(1))
        assert one.commands["POST"] == 1


# Clocks


@pytest.mark.anyio
@pytest.mark.parametrize("ahead", [-86_400.0, -400.0, 400.0, 864_000.0])
async def test_no_date_where_the_clocks_differ(ahead: float) -> None:
    with ScriptedServer() as one:
        one.clock = ahead
        async with opened(configured(one)) as store:
            await store.post(article(1))
            await store.post(article(2))
            asked = one.commands["DATE"]
            assert b"\r\nDate: " not in one.articles[wire_id(1)] + one.articles[wire_id(2)]
            one.clock = 0.0
            await store.present([name(1)])  # it reports the time meanwhile
            await store.post(article(3))
            assert b"\r\nDate: " in one.articles[wire_id(3)]
        assert asked == 1
        steps = {s.name: s async for s in diagnose(configured(one), newsgroups=["alt.test"])}
        assert steps["clock"].ok
        one.clock = ahead
        steps = {s.name: s async for s in diagnose(configured(one), newsgroups=["alt.test"])}
        assert "without a Date" in steps["clock"].detail
        assert b"\r\nDate: " not in one.articles[one.posted[-1]]


@pytest.mark.anyio
@pytest.mark.parametrize("said", ["500 What?", "111 today", "400 No", "111 20269999999999"])
async def test_a_server_that_does_not_tell_the_time(said: str) -> None:
    with ScriptedServer(faults=[Fault("DATE", reply=said, times=99)]) as one:
        async with opened(configured(one)) as store:
            await store.post(article(1))
        assert b"\r\nDate: " in one.articles[wire_id(1)]
    assert skew_of(Reply(int(said[:3]), said[4:]), datetime.now(UTC)) is None


def test_a_small_clock_skew_is_ignored() -> None:
    shared = Shared()
    assert not shared.is_clock_off
    shared.skew = -299.0
    assert not shared.is_clock_off
    shared.skew = -301.0
    assert shared.is_clock_off
    assert (shared.asks_clock(), shared.asks_clock()) == (True, False)


# Optional commands may fail

CODES = ["400 No such thing", "500 What?", "501 Syntax", "502 Not for you", "503 Not here"]


@pytest.mark.anyio
@pytest.mark.parametrize("reply", CODES)
@pytest.mark.parametrize("command", ["CAPABILITIES", "MODE", "DATE"])
async def test_optional_commands_may_fail(command: str, reply: str) -> None:
    with ScriptedServer(login=("bob", "secret")) as one:
        one.script(Fault(command, reply=reply, times=999))
        async with opened(configured(one, connections=1, **LOGIN), tries=1) as store:
            await store.post(article(1))
            assert await store.fetch(name(1)) == article(1).payload
            found = await store.present([name(1), name(2)])
            assert (found.there, found.unknown) == ({name(1)}, {})
        assert one.connections == 1
        steps = [s async for s in diagnose(configured(one, **LOGIN), newsgroups=["alt.test"])]
        assert all(step.ok is not False for step in steps)


@pytest.mark.anyio
async def test_failing_capabilities_are_not_requested_again() -> None:
    with ScriptedServer(login=("bob", "secret")) as one:
        async with opened(configured(one, **LOGIN)) as store:
            await store.post(article(1))
            await store.fetch(name(1))
            await store.present([name(1)])
        assert one.commands["CAPABILITIES"] == 0


@pytest.mark.anyio
@pytest.mark.parametrize("command", ["STAT", "BODY", "POST"])
async def test_400_ends_a_connection_only_if_the_server_closes_it(command: str) -> None:
    with ScriptedServer() as one:
        async with opened(configured(one, connections=1)) as store:
            await store.post(article(1))
            one.script(Fault(command, reply="400 Not now"))
            assert await store.fetch(name(1)) == article(1).payload
            assert (await store.present([name(1)])).there == {name(1)}
            await store.post(article(2))
            assert one.connections == 1
            one.script(Fault(command, reply="400 Not now", close=True))
            assert await store.fetch(name(1)) == article(1).payload
            assert (await store.present([name(1)])).there == {name(1)}
            await store.post(article(3))
            assert one.connections == 2


BREAKS = [
    Fault("", close=True, times=999),
    Fault("", silent=True, times=999),
    Fault("", reset=True, times=999),
    Fault("", raw=b"\xff\x00\x07 what?\r\n", times=999),
]


@pytest.mark.anyio
@pytest.mark.parametrize("fault", BREAKS, ids=["close", "silence", "reset", "garbage"])
@pytest.mark.parametrize("command", ["CAPABILITIES", "MODE", "DATE"])
async def test_commands_that_break_connections_are_left_out(command: str, fault: Fault) -> None:
    with ScriptedServer(login=("bob", "secret")) as one:
        one.script(replace(fault, on=command))
        server = configured(one, connections=1, timeout=0.4, **LOGIN)
        async with opened(server, tries=1) as store:
            await store.post(article(1))
            assert await store.fetch(name(1)) == article(1).payload
            with pytest.raises(ArticleMissingError):
                await store.fetch(name(2))
            found = await store.present([name(1), name(2)])
            assert (found.there, found.unknown) == ({name(1)}, {})
            one.drop_all()
            assert await store.fetch(name(1)) == article(1).payload
        assert one.commands[command] <= 1  # and not on later connections
        assert one.posted == [wire_id(1)]
        steps = [s async for s in diagnose(server, newsgroups=["alt.test"])]
        assert [s.detail for s in steps if s.ok is False] == []
        assert command != "DATE" or one.commands["GROUP"] >= 1


@pytest.mark.anyio
async def test_all_of_them_at_once() -> None:
    with ScriptedServer() as one:
        for command in ("CAPABILITIES", "MODE", "DATE"):
            one.script(Fault(command, close=True, times=999))
        async with opened(configured(one)) as store, anyio.create_task_group() as group:
            for number in range(8):
                group.start_soon(store.post, article(number))
        assert sorted(one.posted) == sorted(map(wire_id, range(8)))
        steps = [s async for s in diagnose(configured(one), newsgroups=["alt.test"])]
        assert [s.detail for s in steps if s.ok is False] == []
        assert "without MODE READER" in next(s.detail for s in steps if s.name == "login")


@pytest.mark.anyio
@pytest.mark.parametrize("verb", ["POST", "STAT", "BODY"])
async def test_mode_reader_is_sent_again_if_the_server_requires_it(verb: str) -> None:
    """The first connection broke at it by bad luck."""
    with ScriptedServer() as one:
        async with opened(configured(one)) as store:
            await store.post(article(1))
        one.commands.clear()
        one.script(Fault("MODE", close=True), Fault(verb, reply="401 MODE-READER"))
        async with opened(configured(one, connections=1), tries=1) as store:
            if verb == "POST":
                await store.post(article(2))
            elif verb == "STAT":
                assert (await store.present([name(1)])).there == {name(1)}
            else:
                assert await store.fetch(name(1)) == article(1).payload
        assert one.commands["MODE"] == 2


@pytest.mark.anyio
async def test_a_command_that_was_answered_once_is_not_to_blame() -> None:
    with ScriptedServer() as one:
        async with opened(configured(one, connections=1)) as store:
            await store.post(article(1))
            one.script(Fault("MODE", close=True), Fault("DATE", close=True))
            one.drop_all()
            assert (await store.present([name(1)])).there == {name(1)}
            await store.post(article(2))
        assert one.commands["GROUP"] == 0
        assert one.commands["MODE"] >= 3


def test_a_capability_list_that_drips_has_an_end() -> None:
    with ScriptedServer() as one:
        one.script(Fault("CAPABILITIES", raw=b"101 list\r\nVERSION 2\r\n", silent=True))
        connection = Connection(configured(one, timeout=0.3))
        connection.open(None)
        assert connection.read_capabilities(None) is None
        assert connection.stat(wire_id(1)).meaning() is Meaning.MISSING
        connection.close()
