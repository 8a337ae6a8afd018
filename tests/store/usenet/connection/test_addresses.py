"""Several addresses of one name: tried as RFC 8305 says; the one that worked is remembered.

Only the name lookup is fake, because its answers depend on the machine.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import anyio
import pytest
from certificates import Authority
from scripted_server import Fault, ScriptedServer
from usenet_ground import article, name, opened

from usenetsync_tui.errors import StoreUnusableError
from usenetsync_tui.model.servers.servers import AddressFamily, Server, Tls
from usenetsync_tui.store.usenet.connection.addresses import (
    Address,
    AddressBook,
    interleaved,
    lookup,
)
from usenetsync_tui.store.usenet.connection.dialling import Race
from usenetsync_tui.store.usenet.connection.interruptible_calls import (
    GivenUpError,
    call_interruptibly,
)
from usenetsync_tui.store.usenet.connection.signals import Unreachable
from usenetsync_tui.store.usenet.diagnosis import diagnose

HOST = "news.example.com"
V4, V6 = socket.AF_INET, socket.AF_INET6


def four(number: int) -> Address:
    return Address(V4, (f"192.0.2.{number}", 119))


def six(number: int) -> Address:
    return Address(V6, (f"2001:db8::{number}", 119, 0, 0))


def test_the_families_take_turns() -> None:
    known = [six(1), six(2), six(3), four(1), four(2)]
    assert interleaved(known) == [six(1), four(1), six(2), four(2), six(3)]
    assert interleaved(known, V4) == [four(1), six(1), four(2), six(2), six(3)]
    assert interleaved([four(1), four(2)], V6) == [four(1), four(2)]
    assert interleaved([]) == []


def test_addresses_that_worked_come_first_and_failed_ones_last() -> None:
    now = 0.0
    book = AddressBook(lambda: now)
    known = [four(1), four(2), four(3)]
    assert book.ordered(known) == known
    book.failed(four(1))
    assert book.ordered(known) == [four(2), four(3), four(1)]
    book.worked(four(3))
    assert book.ordered(known) == [four(3), four(2), four(1)]
    now = 1.0
    book.failed(four(3))
    assert book.ordered(known) == [four(2), four(1), four(3)]


@contextmanager
def named(monkeypatch: pytest.MonkeyPatch, *hosts: str) -> Iterator[None]:
    """The name resolves to these addresses."""
    real = socket.getaddrinfo

    def getaddrinfo(host: str, port: int, *more: Any, **most: Any) -> Any:
        if host != HOST:
            return real(host, port, *more, **most)
        return [found for each in hosts for found in real(each, port, *more, **most)]

    with monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", getaddrinfo)
        yield


def server(port: int, **more: Any) -> Server:
    settings: dict[str, Any] = {"tls": Tls.NONE, "timeout": 2.0, "connections": 4, **more}
    return Server("one", HOST, port, **settings)


@contextmanager
def two_addresses(
    monkeypatch: pytest.MonkeyPatch, hosts: Sequence[str] = ("127.0.0.1", "127.0.0.2")
) -> Iterator[tuple[ScriptedServer, ScriptedServer]]:
    with ExitStack() as stack:
        first = stack.enter_context(ScriptedServer())
        second = stack.enter_context(ScriptedServer().listen_at(hosts[1], first.port))
        stack.enter_context(named(monkeypatch, *hosts))
        yield first, second


BAD: dict[str, Callable[[ScriptedServer], object]] = {
    "502": lambda s: setattr(s, "greeting", "502 No service here"),
    "400": lambda s: setattr(s, "greeting", "400 Down for maintenance"),
    "closes": lambda s: s.script(Fault("connect", close=True, times=999)),
    "silent": lambda s: s.script(Fault("connect", silent=True, times=999)),
    "nonsense": lambda s: s.script(Fault("connect", raw=b"what?\r\n", times=999)),
    "no server listens": lambda s: s.stop(),
}


@pytest.mark.anyio
@pytest.mark.parametrize("spoil", BAD.values(), ids=list(BAD))
@pytest.mark.parametrize("hosts", [("127.0.0.1", "127.0.0.2"), ("127.0.0.1", "::1")])
async def test_the_other_address_is_used_and_remembered(
    spoil: Callable[[ScriptedServer], object],
    hosts: Sequence[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with two_addresses(monkeypatch, hosts) as (bad, good):
        spoil(bad)
        async with opened(server(good.port, timeout=0.4), tries=1) as store:
            await store.post(article(1))
            for number in range(2, 6):
                good.drop_all()
                await store.post(article(number))
            assert bad.connections <= 1
        assert len(good.posted) == 5


@pytest.mark.anyio
async def test_a_certificate_that_is_wrong_at_one_address(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path_factory.mktemp("authority"))
    with ScriptedServer(tls=authority.context("other.example.com")) as bad:
        good = ScriptedServer(tls=authority.context(HOST)).listen_at("127.0.0.2", bad.port)
        with good, named(monkeypatch, "127.0.0.1", "127.0.0.2"):
            settings = {"tls": Tls.IMPLICIT, "ca_file": str(authority.ca_file)}
            async with opened(server(bad.port, **settings)) as store:
                await store.post(article(1))
        assert len(good.posted) == 1


@pytest.mark.anyio
async def test_an_address_that_went_down_gives_way_to_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with two_addresses(monkeypatch) as (first, second):
        async with opened(server(first.port)) as store:
            await store.post(article(1))
            assert (len(first.posted), second.connections) == (1, 0)
            first.stop()
            await store.post(article(2))
            assert len(second.posted) == 1
            # And back, when the other server stops.
            first.__enter__()
            second.stop()
            await store.post(article(3))
            assert len(first.posted) == 2


@pytest.mark.anyio
async def test_if_no_address_works_the_error_has_the_servers_reply(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with two_addresses(monkeypatch) as (first, second):
        second.greeting = "502 No service here"
        first.stop()
        async with opened(server(second.port), patience=0.2) as store:
            with pytest.raises(StoreUnusableError, match="502 No service here"):
                await store.fetch(name(1))
        second.stop()
        async with opened(server(second.port), patience=0.2) as store:
            with pytest.raises(StoreUnusableError, match=r"127\.0\.0\.1: .*127\.0\.0\.2: "):
                await store.fetch(name(1))


@contextmanager
def deaf() -> Iterator[tuple[str, int]]:
    """An address that answers nothing, because its queue is full."""
    with socket.socket() as listener, ExitStack() as stack:
        listener.bind(("127.0.0.3", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()


def test_a_dead_address_costs_a_quarter_of_a_second_once() -> None:
    with deaf() as (host, port), ScriptedServer().listen_at("127.0.0.1", port) as good:
        dead, living = Address(V4, (host, port)), Address(V4, ("127.0.0.1", good.port))
        begun = time.monotonic()
        won = Race(15.0, given_up=lambda: False).run([dead, living])
        assert time.monotonic() - begun < 3.0
        assert won is not None and won[1] == living
        won[0].close()
        race = Race(0.3, given_up=lambda: False)
        assert race.run([dead]) is None
        assert race.failures == {dead: "no answer for 0.3 seconds"}
        begun = time.monotonic()
        with pytest.raises(Unreachable, match="was cancelled"):
            Race(15.0, given_up=lambda: time.monotonic() - begun > 0.2).run([dead])
        assert time.monotonic() - begun < 3.0


def test_a_lookup_that_hangs_can_be_left(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(20.0))
    begun = time.monotonic()
    with pytest.raises(Unreachable, match="was cancelled"):
        lookup(HOST, 119, seconds=60.0, given_up=lambda: time.monotonic() - begun > 0.2)
    with pytest.raises(Unreachable, match=f"{HOST} does not resolve: no answer for 0.3 seconds"):
        lookup(HOST, 119, seconds=0.3, given_up=lambda: False)
    over.set()
    assert time.monotonic() - begun < 4.0


@pytest.mark.anyio
async def test_closing_does_not_wait_for_a_name_server(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(20.0))
    begun = time.monotonic()
    async with opened(server(119, timeout=60.0)) as store:
        with anyio.move_on_after(0.3):
            await store.fetch(name(1))
    assert time.monotonic() - begun < 4.0
    over.set()


def test_connections_that_open_too_late_are_closed() -> None:
    late: list[int] = []
    go = threading.Event()

    def call() -> int:
        go.wait(10.0)
        return 7

    with pytest.raises(GivenUpError):
        call_interruptibly(call, seconds=60.0, given_up=lambda: True, unwanted=late.append)
    go.set()
    deadline = time.monotonic() + 4.0
    while not late and time.monotonic() < deadline:
        time.sleep(0.01)
    assert late == [7]
    with pytest.raises(ZeroDivisionError):
        call_interruptibly(lambda: 1 // 0, seconds=1.0, given_up=lambda: False)


def test_the_preferred_family_leads(monkeypatch: pytest.MonkeyPatch) -> None:
    with named(monkeypatch, "127.0.0.1", "::1"):
        firsts = {
            family: str(lookup(HOST, 119, family, seconds=5.0, given_up=lambda: False)[0])
            for family in AddressFamily
        }
    assert firsts == {"any": "127.0.0.1", "ipv4": "127.0.0.1", "ipv6": "::1"}


@pytest.mark.anyio
async def test_servers_test_names_each_address(monkeypatch: pytest.MonkeyPatch) -> None:
    with two_addresses(monkeypatch) as (first, second):
        steps = {s.name: s async for s in diagnose(server(first.port))}
        assert steps["addresses"].ok
        assert steps["addresses"].detail.count("200 Scripted") == 2
        first.greeting = "502 No service here"
        steps = {s.name: s async for s in diagnose(server(first.port))}
        assert steps["addresses"].ok is None
        assert "127.0.0.1: 502 No service here" in steps["addresses"].detail
        assert "127.0.0.2: 200 Scripted" in steps["addresses"].detail
        assert steps["greeting"].ok
        second.stop()
        steps = {s.name: s async for s in diagnose(server(first.port))}
        assert "127.0.0.2: No connection" in steps["addresses"].detail
        assert list(steps)[-1] == "greeting"
        assert not steps["greeting"].ok
