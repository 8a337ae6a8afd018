"""Connections that a process encrypts behave as those that are encrypted here."""

from __future__ import annotations

import os
import signal
import ssl
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest
from certificates import Authority
from helper_processes import helpers_of, is_alive
from scripted_server import Fault, ScriptedServer
from sending_ground import COUNT, FAULTS, Listed, posted, ready, shared
from usenet_ground import POSTS, article, configured, name, opened, wire_id
from worlds import until

from usenetsync_tui.errors import StoreUnusableError
from usenetsync_tui.model.segments import Receipt
from usenetsync_tui.model.servers.servers import ALL_ROLES, Server, Tls
from usenetsync_tui.store.usenet import posting_lane
from usenetsync_tui.store.usenet.connection import session
from usenetsync_tui.store.usenet.connection.connection import Connection
from usenetsync_tui.store.usenet.connection.sending import channel
from usenetsync_tui.store.usenet.connection.sending.channel import RelayedWire

pytestmark = pytest.mark.anyio

LOGIN = "user", "secret"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def wires(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Of each connection that was opened, whether a process encrypts it."""
    seen: list[bool] = []
    begin = Connection.open

    def noted(self: Connection, context: ssl.SSLContext | None) -> None:
        begin(self, context)
        seen.append(isinstance(self._wire, RelayedWire))

    monkeypatch.setattr(Connection, "open", noted)
    return seen


def scripted(authority: Authority, tls: Tls = Tls.IMPLICIT, **more: Any) -> ScriptedServer:
    context = authority.context("127.0.0.1")
    secure = {"tls" if tls is Tls.IMPLICIT else "starttls": context}
    return ScriptedServer(**secure, login=LOGIN, **more)


def settings(server: ScriptedServer, authority: Authority, **more: Any) -> Server:
    more = {"tls": Tls.IMPLICIT, "connections": 1, "roles": POSTS, "timeout": 0.5} | more
    username, password = LOGIN
    ca_file = str(authority.ca_file)
    return configured(server, ca_file=ca_file, username=username, password=password, **more)


@pytest.mark.parametrize("tls", [Tls.IMPLICIT, Tls.STARTTLS])
@pytest.mark.parametrize("fault", FAULTS)
async def test_it_does_what_a_lane_does(
    fault: str,
    tls: Tls,
    authority: Authority,
    by_process: list[int],
    wires: list[bool],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(posting_lane, "_BURST", 10.0)  # always as many as may be
    outcomes = []
    for articles in [article(n) for n in range(COUNT)], shared():
        strikes = FAULTS[fault]
        faults = [] if strikes is None else [replace(strikes, after=3)]
        with scripted(authority, tls, faults=faults) as server:
            server.split = 3
            outcomes.append(await posted(server, settings(server, authority, tls=tls), articles))
    here, elsewhere = outcomes
    assert sum(by_process) >= COUNT - 2 and max(by_process) > 1, "the process sent nearly all"
    assert wires[-1] and not wires[0]
    if fault == "two offers":  # the process is stricter: the article does not leave
        elsewhere.commands = here.commands
    assert elsewhere == here
    assert len(set(elsewhere.posted)) == len(elsewhere.posted), "nothing was posted twice"


@pytest.mark.parametrize("fault", FAULTS)
async def test_what_lanes_send_passes_through(
    fault: str, authority: Authority, by_process: list[int], wires: list[bool]
) -> None:
    """With a limit, the lanes send all articles, over connections that a process encrypts."""
    outcomes = []
    for articles in [article(n) for n in range(COUNT)], shared():
        strikes = FAULTS[fault]
        faults = [] if strikes is None else [replace(strikes, after=3)]
        with scripted(authority, faults=faults) as server:
            limited = settings(server, authority, bandwidth_limit=100_000_000)
            outcomes.append(await posted(server, limited, articles))
    here, elsewhere = outcomes
    assert not by_process and wires[-1] and not wires[0]
    if fault == "two offers":  # how much of the article follows them depends on the moment
        elsewhere.commands = here.commands
    assert elsewhere == here


@pytest.mark.parametrize("wrong", ["another authority", "expired", "another name", "no TLS"])
async def test_a_server_that_cannot_be_trusted_is_told_in_the_same_words(
    wrong: str, authority: Authority, tmp_path: Path
) -> None:
    signer = Authority(tmp_path) if wrong == "another authority" else authority
    host = "localhost" if wrong == "another name" else "127.0.0.1"
    context = signer.context(host, expired=wrong == "expired")
    words = []
    for articles in [article(0)], shared(1):
        with ScriptedServer(tls=None if wrong == "no TLS" else context, login=LOGIN) as server:
            async with opened(settings(server, authority), patience=0.2) as store:
                if articles[0].encoded is not None:
                    await ready(store, articles)
                with pytest.raises(StoreUnusableError) as caught:
                    await store.post_from(Listed(articles))
                words.append(str(caught.value))
                assert not server.commands, "no login was sent"
    assert words[0] == words[1] and "127.0.0.1" in words[0]


async def test_other_traffic_passes_through(authority: Authority, wires: list[bool]) -> None:
    articles = shared(3)
    with scripted(authority) as server:
        everything = settings(server, authority, roles=ALL_ROLES, timeout=5.0)
        async with opened(everything) as store:
            await ready(store, articles)
            for one in articles:
                await store.post(one)
            names = [one.message_id for one in articles]
            assert (await store.present([*names, name(9)])).there == set(names)
            for one in articles:
                assert await store.fetch(one.message_id) == one.payload
    assert wires == [True]


async def test_a_connection_of_ours_moves_before_it_posts(
    authority: Authority, by_process: list[int], wires: list[bool]
) -> None:
    articles = shared()
    with scripted(authority) as server:
        both = settings(server, authority, roles=ALL_ROLES, timeout=5.0)
        async with opened(both) as store:
            await store.present([name(9)])
            await ready(store, articles)
            await store.present([name(9)])
            assert wires == [False], "only posting is worth a new connection"
            await store.post_from(Listed(articles))
            assert server.commands["QUIT"] == 1 and wires == [False, True]
            assert server.most_open == 1
            pool = store.pool  # type: ignore[attr-defined]
            assert pool.statuses()[0].errors == 0, "it left in order"
            await store.present([name(9)])
    assert sum(by_process) == COUNT and wires == [False, True]


@pytest.mark.parametrize("fault", ["endless", "never_answers"])
async def test_a_server_that_does_not_let_go_holds_no_article_up(
    fault: str, authority: Authority, wires: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "_GOODBYE", 0.2)
    articles = shared(3)
    with scripted(authority, faults=[getattr(Fault, fault)("QUIT")]) as server:
        both = settings(server, authority, roles=ALL_ROLES, timeout=5.0)
        async with opened(both) as store:
            await store.present([name(9)])
            await ready(store, articles)
            with anyio.fail_after(5):
                await store.post_from(Listed(articles))
    assert wires == [False, True] and len(server.posted) == 3


async def test_a_connection_that_no_process_takes_stays(
    authority: Authority, wires: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: object) -> None:
        raise OSError

    articles = shared(3)
    with scripted(authority) as server:
        async with opened(settings(server, authority)) as store:
            await ready(store, articles)
            pool = store.pool  # type: ignore[attr-defined]
            monkeypatch.setattr(pool.senders.running(), "encrypts", refuses, raising=False)
            for one in articles:
                await store.post(one)
    assert wires == [False] and len(server.posted) == 3


async def test_killed_in_the_middle_it_costs_no_article(
    authority: Authority, by_process: list[int], wires: list[bool]
) -> None:
    killed: list[int] = []

    def kill(article: bytes) -> None:
        if len(server.posted) >= 5 and not killed:
            killed.extend(helpers_of(os.getpid(), "sending"))
            for process in killed:
                os.kill(process, signal.SIGKILL)

    with scripted(authority) as server:
        server.refuses = kill
        source = Listed(shared())
        async with opened(settings(server, authority)) as store:
            await ready(store, source.waiting)
            while source.waiting:
                await store.post_from(source)
    assert killed and by_process and wires == [True, False]
    assert all(isinstance(a, Receipt) for a in source.answers.values())
    assert sorted(server.posted) == sorted(wire_id(n) for n in range(COUNT))


async def test_it_ends_with_its_last_connection(authority: Authority) -> None:
    earlier = helpers_of(os.getpid(), "sending")
    with scripted(authority) as server:
        articles = shared(3)
        async with opened(settings(server, authority)) as store:
            await ready(store, articles)
            await store.post_from(Listed(articles))
            process = set(helpers_of(os.getpid(), "sending")).difference(earlier)
            articles.clear()
            await store.post(article(COUNT))
            assert process and all(map(is_alive, process)), "the connection is still of use"
        assert not any(map(is_alive, process)), "the pool waits for its end"
        await until(lambda: not server.open)
        assert server.commands["QUIT"] == 1 and server.connections == 1


@pytest.mark.parametrize("last", [b"", b"no record of TLS" * 100], ids=["end", "garbage"])
async def test_a_connection_that_breaks_unasked_is_opened_again(
    last: bytes, authority: Authority, by_process: list[int], wires: list[bool]
) -> None:
    articles = shared()
    with scripted(authority) as server:
        async with opened(settings(server, authority)) as store:
            await ready(store, articles)
            await store.post_from(Listed(articles[:5]))
            server.break_all(last)
            await until(lambda: not server.open)
            rest = Listed(articles[5:])
            while rest.waiting:
                await store.post_from(rest)
            pool = store.pool  # type: ignore[attr-defined]
            assert pool.senders.is_ready, "one connection says nothing about the others"
    assert wires == [True, True] and len(server.posted) == COUNT
    assert sum(by_process) >= COUNT - 2


async def test_a_process_that_stands_still_is_asked_no_more(
    authority: Authority, wires: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel, "_MORE", 0.1)
    earlier = helpers_of(os.getpid(), "sending")
    with scripted(authority) as server:
        articles = shared(2)
        async with opened(settings(server, authority)) as store:
            await ready(store, articles)
            (process,) = set(helpers_of(os.getpid(), "sending")).difference(earlier)
            os.kill(process, signal.SIGSTOP)
            try:
                for one in articles:
                    await store.post(one)
            finally:
                os.kill(process, signal.SIGKILL)
    assert wires == [False] and len(server.posted) == 2


@pytest.mark.parametrize("tls", [Tls.NONE, Tls.IMPLICIT])
@pytest.mark.parametrize("on", ["article", "POST"])
async def test_a_cancelled_burst_says_nothing_about_the_process(
    tls: Tls, on: str, authority: Authority, by_process: list[int]
) -> None:
    context = None if tls is Tls.NONE else authority.context("127.0.0.1")
    with ScriptedServer(tls=context, login=LOGIN, faults=[Fault.never_answers(on)]) as server:
        articles = shared(6)
        async with opened(settings(server, authority, tls=tls, timeout=30.0)) as store:
            await ready(store, articles)
            with anyio.move_on_after(0.5) as scope:
                await store.post_from(Listed(articles[:3]))
            assert scope.cancelled_caught and by_process
            pool = store.pool  # type: ignore[attr-defined]
            assert pool.senders.is_ready
            await store.post_from(Listed(articles[3:]))
    assert sum(by_process) >= 4, "it sends on"
