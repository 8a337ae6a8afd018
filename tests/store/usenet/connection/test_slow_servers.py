"""Slow servers: in an answer, in a body, while reading, and before their greeting.

Each wait has a limit, none is charged to the article, and another server is asked if there is one.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from certificates import Authority
from scripted_server import Fault, ScriptedServer
from usenet_ground import article, configured, name, opened, wire_id

from usenetsync_tui.errors import StoreUnavailableError, StoreUnusableError
from usenetsync_tui.model.segments import Article
from usenetsync_tui.model.servers.servers import Server, ServerState, Tls
from usenetsync_tui.store.usenet.connection.connection import Connection
from usenetsync_tui.store.usenet.connection.pace import Pace
from usenetsync_tui.store.usenet.connection.signals import Unreachable
from usenetsync_tui.store.usenet.connection.tls_wire import tls_context


def test_a_pace_is_kept_on_average() -> None:
    pace = Pace(timeout=60.0, lowest=1_000, window=30.0)
    pace.moved(29_000, 1.0)
    for _ in range(28):
        pace.moved(0, 1.0)
    pace.moved(1_000, 1.0)
    with pytest.raises(TimeoutError, match="too slow: 2 bytes a second over 30 seconds"):
        for _ in range(30):
            pace.moved(2, 1.0)


def test_silence_has_its_own_limit() -> None:
    pace = Pace(timeout=3.0, lowest=0, window=3.0)
    for _ in range(50):
        pace.moved(1, 2.0)
    pace.moved(0, 2.0)
    with pytest.raises(TimeoutError, match="no answer for 3 seconds"):
        pace.moved(0, 1.0)


async def _post_to(*servers: ScriptedServer) -> None:
    for scripted in servers:
        async with opened(configured(scripted)) as store:
            await store.post(article(1))


SLOW: dict[str, Callable[[ScriptedServer], None]] = {
    "a body that drips": lambda s: setattr(s, "drip", 0.2),
    "half an answer": lambda s: s.script(Fault("BODY", raw=b"22", silent=True, times=99)),
    "no answer": lambda s: s.script(Fault.never_answers("BODY")),
    "a body that stops": lambda s: s.script(
        Fault(f"BODY {wire_id(1)}", raw=b"222 0\r\n=ybegin ", silent=True, times=99)
    ),
}


@pytest.mark.anyio
@pytest.mark.parametrize("slow", SLOW.values(), ids=list(SLOW))
async def test_the_next_server_is_asked(slow: Callable[[ScriptedServer], None]) -> None:
    with ScriptedServer() as one, ScriptedServer() as two:
        await _post_to(one, two)
        slow(one)
        servers = configured(one, timeout=0.6), configured(two, name="two", priority=1)
        async with opened(*servers) as store:
            assert await store.fetch(name(1)) == article(1).payload
        assert one.commands["BODY"] == 1  # and not once per try


@pytest.mark.anyio
async def test_the_error_says_that_the_only_server_is_too_slow() -> None:
    with ScriptedServer() as one:
        await _post_to(one)
        one.drip = 0.1
        async with opened(configured(one, timeout=0.4), tries=2) as store:
            with pytest.raises(StoreUnavailableError, match=r"one: too slow: \d+ bytes a second"):
                await store.fetch(name(1))


@pytest.mark.anyio
async def test_any_rate_will_do_where_the_user_says_so() -> None:
    with ScriptedServer() as one:
        async with opened(configured(one, timeout=0.3, lowest_rate=0)) as store:
            await store.post(Article(name(1), b"x" * 20))
            one.drip = 0.01
            assert await store.fetch(name(1)) == b"x" * 20


@pytest.mark.anyio
@pytest.mark.parametrize("tls", [Tls.NONE, Tls.IMPLICIT])
async def test_a_server_that_reads_slowly(tls: Tls, authority: Authority) -> None:
    context = authority.context("127.0.0.1") if tls is Tls.IMPLICIT else None
    with ScriptedServer(tls=context) as one, ScriptedServer() as two:
        one.reads_slowly = True
        more = {"timeout": 0.6, "max_article": 10_000_000}
        slow = configured(one, tls=tls, ca_file=str(authority.ca_file), **more)
        async with opened(slow, configured(two, name="two", priority=1, **more), tries=1) as store:
            receipt = await store.post(Article(name(1), bytes(9_000_000)))
            assert receipt.server == "two"


@pytest.mark.anyio
async def test_our_own_limit_is_not_the_servers_fault() -> None:
    with ScriptedServer() as one:
        slow = configured(one, timeout=0.5, lowest_rate=100_000, bandwidth_limit=20_000)
        async with opened(slow) as store:
            await store.post(article(1))
        async with opened(
            configured(one, timeout=0.5, lowest_rate=100_000), fetch_limit=20_000
        ) as store:
            begun = time.monotonic()
            for _ in range(3):
                assert await store.fetch(name(1)) == article(1).payload
            assert time.monotonic() - begun > 0.5  # our bandwidth limit
        assert one.posted == [wire_id(1)]


OPENINGS: dict[str, list[Fault]] = {
    "closes at once": [Fault("connect", close=True, times=5)],
    "says nothing": [Fault.never_answers("connect")] * 2,
    "says half": [Fault("connect", raw=b"20", silent=True)] * 2,
    "closes at MODE READER": [Fault("MODE", close=True, times=5)],
    "closes at the login": [Fault("AUTHINFO", close=True, times=5)],
    "is busy": [Fault("connect", reply="400 Busy", close=True, times=5)],
    "is shut": [Fault("connect", reply="502 No service", close=True, times=5)],
    "talks nonsense": [Fault.garbage("connect")] * 5,
}


@pytest.mark.anyio
@pytest.mark.parametrize("faults", OPENINGS.values(), ids=list(OPENINGS))
async def test_trouble_while_opening_is_no_try_of_an_article(faults: list[Fault]) -> None:
    with ScriptedServer(faults=faults, login=("bob", "secret")) as one:
        server = configured(one, timeout=0.3, username="bob", password="secret", connections=2)
        async with opened(server, tries=1) as store:
            await store.post(article(1))
            one.drop_all()
            one.script(*faults)
            assert await store.fetch(name(1)) == article(1).payload
            one.drop_all()
            one.script(*faults)
            assert (await store.present([name(1), name(2)])).unknown == {}
        assert one.posted == [wire_id(1)]


@pytest.mark.anyio
async def test_an_article_in_doubt_is_not_charged_for_its_server_being_away() -> None:
    """It goes to the other server; if that one refuses it, the first has all its tries left."""
    with ScriptedServer() as one, ScriptedServer() as two:
        two.refuses = lambda _: "441 No"
        servers = configured(one, connections=1), configured(two, name="two", priority=1)
        async with opened(*servers, tries=2) as store:
            await store.post(article(2))  # the server accepts only this connection
            one.script(Fault("article", close=True))
            one.script(Fault("connect", reply="400 Busy", close=True, times=6))
            await store.post(article(1))
        assert one.posted == [wire_id(2), wire_id(1)]
        assert two.commands["POST"] > 0


@pytest.mark.anyio
async def test_a_server_that_never_opens_ends_the_patience_not_the_article() -> None:
    with ScriptedServer(faults=[Fault("connect", close=True, times=99)]) as one:
        async with opened(configured(one), patience=0.3) as store:
            with pytest.raises(StoreUnusableError, match="broke at its start"):
                await store.post(article(1))
            assert store.pool.statuses()[0].state is ServerState.DOWN


@contextmanager
def dripping(octets: bytes, every: float) -> Iterator[tuple[str, int]]:
    """A server that sends the same bytes for ever, slowly, whatever it receives."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            sock, _ = listener.accept()
            with sock:
                while not over.wait(every):
                    try:
                        sock.send(octets)
                    except OSError:
                        return

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()
        finally:
            over.set()
            thread.join()


@pytest.mark.parametrize("tls", [Tls.NONE, Tls.IMPLICIT])
def test_a_greeting_or_handshake_that_drips(tls: Tls) -> None:
    # 16 03 03 40 00 …: a TLS record that arrives a byte at a time.
    octets = b"2" if tls is Tls.NONE else b"\x16\x03\x03\x40\x00"
    with dripping(octets, 0.1) as (host, port):
        server = Server("slow", host, port, tls=tls, verify_tls=False, timeout=0.8)
        begun = time.monotonic()
        with pytest.raises(Unreachable):
            Connection(server).open(tls_context(server) if tls is Tls.IMPLICIT else None)
        assert time.monotonic() - begun < 4.0


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))
