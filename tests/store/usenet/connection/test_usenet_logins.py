"""One connection logs in first; after a refusal none does; no error shows the password."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import anyio
import pytest
from scripted_server import Fault, ScriptedServer
from usenet_ground import POSTS, article, configured, name, opened, wire_id

from usenetsync_tui.codec.answers import Meaning
from usenetsync_tui.errors import StoreError, StoreUnusableError, UsenetSyncError
from usenetsync_tui.model.servers.servers import ServerState
from usenetsync_tui.store.usenet.connection.connection import Connection
from usenetsync_tui.store.usenet.connection.logins import Logins
from usenetsync_tui.store.usenet.connection.signals import Lost, Refused, Unreachable
from usenetsync_tui.store.usenet.diagnosis import diagnose
from usenetsync_tui.store.usenet.store import UsenetStore

ACCOUNT = {"username": "me", "password": "hunter2"}


async def all_at_once(store: UsenetStore, count: int) -> list[UsenetSyncError]:
    failures: list[UsenetSyncError] = []

    async def post(number: int) -> None:
        try:
            await store.post(article(number))
        except UsenetSyncError as failure:
            failures.append(failure)

    async with anyio.create_task_group() as group:
        for number in range(count):
            group.start_soon(post, number)
    return failures


@pytest.mark.anyio
@pytest.mark.parametrize("verb", ["post", "present", "fetch", "all"])
async def test_a_wrong_password_is_tried_once(verb: str) -> None:
    with ScriptedServer(login=("me", "right")) as scripted:
        scripted.latency = 0.01
        async with opened(configured(scripted, connections=50, **ACCOUNT)) as store:
            if verb in ("post", "all"):
                failures = await all_at_once(store, 100)
                assert len(failures) == 100
                assert all(isinstance(f, StoreUnusableError) for f in failures)
            if verb in ("present", "all"):
                with pytest.raises(StoreUnusableError, match="481"):
                    await store.present([name(n) for n in range(1_000)])
            if verb in ("fetch", "all"):
                with pytest.raises(StoreUnusableError):
                    await store.fetch(name(1))
        assert scripted.refused_logins == 1


@pytest.mark.anyio
async def test_fetching_and_looking_at_once_with_a_wrong_password() -> None:
    with ScriptedServer(login=("me", "right")) as scripted:
        async with opened(configured(scripted, connections=30, **ACCOUNT)) as store:

            async def use(number: int) -> None:
                with pytest.raises((StoreUnusableError, StoreError), match="481"):
                    match number % 3:
                        case 0:
                            await store.post(article(number))
                        case 1:
                            await store.present([name(number)])
                        case _:
                            await store.fetch(name(number))

            async with anyio.create_task_group() as group:
                for number in range(60):
                    group.start_soon(use, number)
        assert scripted.refused_logins == 1


@pytest.mark.anyio
async def test_after_one_login_all_others_open_at_once() -> None:
    with ScriptedServer(login=("me", "hunter2")) as scripted:
        scripted.latency = 0.1
        async with opened(configured(scripted, connections=20, roles=POSTS, **ACCOUNT)) as store:
            begun = time.monotonic()
            assert await all_at_once(store, 40) == []
            assert time.monotonic() - begun < 3.0  # one after the other takes 6 s
        assert scripted.most_open == 20


@pytest.mark.anyio
async def test_the_user_may_have_it_tried_again() -> None:
    with ScriptedServer(login=("me", "right")) as scripted:
        async with opened(configured(scripted, connections=10, **ACCOUNT)) as store:
            for tries in (1, 2):
                assert len(await all_at_once(store, 20)) == 20
                assert scripted.refused_logins == tries
                store.pool.release("one")
            scripted._login = ("me", "hunter2")
            assert await all_at_once(store, 20) == []


@pytest.mark.anyio
async def test_a_password_that_stops_working_is_tried_once_more() -> None:
    with ScriptedServer(login=("me", "hunter2")) as scripted:
        settings = configured(scripted, connections=20, roles=POSTS, **ACCOUNT)
        async with opened(settings) as store:
            assert await all_at_once(store, 40) == []
            assert scripted.open > 10
            scripted._login = ("me", "another")
            scripted.script(Fault("POST", reply="480 Log in again", times=99))
            failures = await all_at_once(store, 40)
            assert len(failures) == 40
            assert store.pool.statuses()[0].state is ServerState.STOPPED
        assert scripted.refused_logins == 1


@pytest.mark.anyio
async def test_a_login_required_again_on_all_connections_succeeds() -> None:
    with ScriptedServer(login=("me", "hunter2")) as scripted:
        settings = configured(scripted, connections=20, roles=POSTS, **ACCOUNT)
        async with opened(settings) as store:
            assert await all_at_once(store, 40) == []
            scripted.script(Fault("POST", reply="480 Log in again", times=20))
            assert await all_at_once(store, 80) == []
        assert scripted.refused_logins == 0


@pytest.mark.anyio
async def test_a_required_password_that_is_not_set() -> None:
    with ScriptedServer(login=("me", "right")) as scripted:
        async with opened(configured(scripted, connections=10, username="me")) as store:
            with pytest.raises(StoreUnusableError) as caught:
                await store.post(article(1))
        for words in ("requires a password and none is set", "password_file", "server one",
                      "config.toml", "USENETSYNC_PASSWORD_ONE"):  # fmt: skip
            assert words in str(caught.value)
        assert scripted.refused_logins == 0


@pytest.mark.anyio
@pytest.mark.parametrize("password", ["", "wrong"])
async def test_a_test_of_the_server_logs_in_once(password: str) -> None:
    with ScriptedServer(login=("me", "right")) as scripted:
        server = configured(scripted, username="me", password=password)
        steps = [step async for step in diagnose(server, newsgroups=["alt.test"])]
        assert steps[-1].ok is False
        assert ("none is set" in steps[-1].detail) == (not password)
        assert scripted.refused_logins == bool(password)


ECHOES: dict[str, Callable[[ScriptedServer], None]] = {
    "greeting": lambda s: setattr(s, "greeting", "502 no hunter2 here"),
    "mode": lambda s: s.script(Fault("MODE", reply="480 hunter2")),
    "login": lambda s: setattr(s, "login_refused", "481 {user}:{password}"),
    "offer": lambda s: s.script(Fault("POST", reply="441 hunter2", times=9)),
    "article": lambda s: s.script(Fault("article", reply="441 not for HUNTER2", times=9)),
    "collision": lambda s: s.script(Fault("article", reply="441 435 Duplicate hunter2")),
    "stat": lambda s: s.replies.update({("STAT", "*"): "503 hunter2"}),
    "body": lambda s: s.replies.update({("BODY", "*"): "503 aHVudGVyMg=="}),
    "missing": lambda s: s.replies.update({("BODY", "*"): "430 hunter2"}),
    "other id": lambda s: s.replies.update({("STAT", "*"): "223 0 <hunter2@x>"}),
    "nonsense": lambda s: s.script(Fault("STAT", raw=b"hunter2 hunter2\r\n", times=9)),
    "no code": lambda s: s.script(Fault("BODY", raw=b"2hunter2 hunter2\r\n", times=9)),
    "unasked": lambda s: s.script(Fault("STAT", surplus=b"223 hunter2\r\n", times=9)),
}


_WITHOUT_WORDS = {"mode", "collision", "missing", "no code", "other id", "unasked"}
"""Settled without the server's reply, or with only a part of it."""


@pytest.mark.anyio
@pytest.mark.parametrize("where", ECHOES)
async def test_no_answer_shows_the_password(where: str) -> None:
    right = "hunter2" if where != "login" else "right"
    with ScriptedServer(login=("me", right)) as scripted:
        ECHOES[where](scripted)
        said: list[str] = []
        settings = configured(scripted, connections=1, **ACCOUNT)
        async with opened(settings, patience=0.1, tries=2) as store:
            try:
                await store.post(article(1))
            except UsenetSyncError as failure:
                said += _chain(failure)
            try:
                found = await store.present([name(1), name(2)])
                said += found.unknown.values()
                await store.fetch(name(3))
            except UsenetSyncError as failure:
                said += _chain(failure)
            said.append(repr(store.pool.statuses()))
        text = "\n".join(said).lower()
        assert "hunter2" not in text
        assert "ahvudgvymg" not in text
        if where not in _WITHOUT_WORDS:
            assert "***" in text


def _chain(error: BaseException | None) -> list[str]:
    said = []
    while error is not None:
        said += [str(error), repr(error)]
        error = error.__context__
    return said


@pytest.mark.anyio
async def test_a_test_of_the_server_does_not_show_it() -> None:
    with ScriptedServer(login=("me", "hunter2")) as scripted:
        scripted.greeting = "200 Hello hunter2"
        scripted.capabilities = ("VERSION 2", "X-HUNTER2 hunter2")
        server = configured(scripted, **ACCOUNT)
        steps = [step async for step in diagnose(server)]
        text = repr(steps).lower()
        assert "hunter2" not in text
        assert "***" in text


def test_waiting_connections_share_a_failure_and_the_next_tries_again() -> None:
    logins, outcomes = Logins(), []
    entered, go_on = threading.Event(), threading.Event()

    def first() -> None:
        with pytest.raises(Unreachable), logins.turn(lambda: False):
            entered.set()
            go_on.wait(10)
            raise Unreachable("no route")

    def other() -> None:
        try:
            with logins.turn(lambda: False):
                outcomes.append("in")
        except Unreachable as failure:
            outcomes.append(failure.words)

    threads = [threading.Thread(target=first)]
    threads[0].start()
    entered.wait(10)
    threads += [threading.Thread(target=other) for _ in range(5)]
    for thread in threads[1:]:
        thread.start()
    time.sleep(0.05)
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert outcomes == ["no route"] * 5
    other()
    assert outcomes[-1] == "in"


def test_the_failure_of_a_cancelled_login_is_not_shared() -> None:
    logins, outcomes = Logins(), []
    entered, go_on = threading.Event(), threading.Event()

    def first() -> None:
        with pytest.raises(Lost), logins.turn(lambda: True):
            entered.set()
            go_on.wait(10)
            raise Lost("aborted")

    def other() -> None:
        with logins.turn(lambda: False):
            outcomes.append("in")

    threads = [threading.Thread(target=first), threading.Thread(target=other)]
    threads[0].start()
    entered.wait(10)
    threads[1].start()
    time.sleep(0.05)
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert outcomes == ["in"]


def test_a_refusal_stays_until_it_is_forgotten() -> None:
    logins = Logins()
    with pytest.raises(Refused), logins.turn(lambda: False):
        raise Refused(Meaning.CREDENTIALS, "481 no", opening=True)
    for _ in range(2):
        with pytest.raises(Refused, match="481 no"), logins.turn(lambda: False):
            raise AssertionError("no other connection logs in")
    logins.forget()
    with logins.turn(lambda: False):
        pass


def test_a_connection_by_itself_has_its_own_logins() -> None:
    with ScriptedServer(login=("me", "right")) as scripted:
        for tries in (1, 2):
            connection = Connection(configured(scripted, **ACCOUNT))
            with pytest.raises(Refused):
                connection.open(None)
            assert scripted.refused_logins == tries
        assert wire_id(1) not in scripted.articles
