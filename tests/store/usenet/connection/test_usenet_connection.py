"""One connection: all forms of TLS, login, idle time, and abort."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from certificates import Authority
from scripted_server import Fault, ScriptedServer
from usenet_ground import configured, wire_id

from usenetsync_tui.codec.answers import Meaning
from usenetsync_tui.codec.nntp import NntpCommand
from usenetsync_tui.errors import SettingsError
from usenetsync_tui.model.servers.servers import Server, Tls
from usenetsync_tui.store.usenet.connection import session as module
from usenetsync_tui.store.usenet.connection.connection import Connection
from usenetsync_tui.store.usenet.connection.signals import Lost, Refused, Unreachable
from usenetsync_tui.store.usenet.connection.tls_wire import tls_context


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def connect() -> Iterator[Callable[..., Connection]]:
    """Opens connections, and closes them after the test."""
    opened: list[Connection] = []

    def connect(scripted: ScriptedServer, **settings: Any) -> Connection:
        server = configured(scripted, **settings)
        connection = Connection(server)
        opened.append(connection)
        connection.open(tls_context(server) if server.tls is not Tls.NONE else None)
        return connection

    yield connect
    for connection in opened:
        connection.quit()


def server_side(context: ssl.SSLContext, tls: Tls) -> ScriptedServer:
    if tls is Tls.IMPLICIT:
        return ScriptedServer(tls=context)
    return ScriptedServer(starttls=context)


BOTH = pytest.mark.parametrize("tls", [Tls.IMPLICIT, Tls.STARTTLS])


@BOTH
def test_tls_with_a_ca_file(
    tls: Tls, authority: Authority, connect: Callable[..., Connection]
) -> None:
    with server_side(authority.context("127.0.0.1", "localhost"), tls) as scripted:
        connection = connect(scripted, tls=tls, ca_file=str(authority.ca_file))
        assert connection.tls is not None
        assert connection.tls.version() in ("TLSv1.2", "TLSv1.3")
        assert connection.ask(NntpCommand.DATE).code == 111


@BOTH
def test_a_certificate_of_an_unknown_authority(
    tls: Tls, authority: Authority, connect: Callable[..., Connection]
) -> None:
    with server_side(authority.context("127.0.0.1"), tls) as scripted:
        with pytest.raises(Unreachable, match="is not trusted") as caught:
            connect(scripted, tls=tls)
        assert caught.value.permanent
        assert scripted.commands.keys() <= {"STARTTLS"}


@BOTH
def test_a_certificate_for_another_name(
    tls: Tls, authority: Authority, connect: Callable[..., Connection]
) -> None:
    with server_side(authority.context("news.example.com"), tls) as scripted:
        with pytest.raises(Unreachable, match="mismatch") as caught:
            connect(scripted, tls=tls, ca_file=str(authority.ca_file))
        assert caught.value.permanent


def test_an_expired_certificate(authority: Authority, connect: Callable[..., Connection]) -> None:
    context = authority.context("127.0.0.1", expired=True)
    with ScriptedServer(tls=context) as scripted:
        with pytest.raises(Unreachable, match="expired"):
            connect(scripted, tls=Tls.IMPLICIT, ca_file=str(authority.ca_file))


@BOTH
def test_unverified_only_when_asked_for(
    tls: Tls, authority: Authority, connect: Callable[..., Connection]
) -> None:
    with server_side(authority.context("news.example.com"), tls) as scripted:
        connection = connect(scripted, tls=tls, verify_tls=False)
        assert connection.ask(NntpCommand.DATE).code == 111


def test_old_tls_is_refused(authority: Authority, connect: Callable[..., Connection]) -> None:
    context = authority.context("127.0.0.1")
    with pytest.warns(DeprecationWarning):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with ScriptedServer(tls=context) as scripted:
        with pytest.raises(Unreachable, match=r"TLS with 127\.0\.0\.1 failed"):
            connect(scripted, tls=Tls.IMPLICIT, verify_tls=False)


def test_starttls_that_is_not_offered(connect: Callable[..., Connection]) -> None:
    with ScriptedServer() as scripted:
        with pytest.raises(Unreachable, match="does not offer STARTTLS: 500") as caught:
            connect(scripted, tls=Tls.STARTTLS, username="bob", password="secret")
        assert caught.value.permanent
        assert "AUTHINFO" not in scripted.commands


def test_starttls_with_something_slipped_in(connect: Callable[..., Connection]) -> None:
    slipped = Fault("STARTTLS", raw=b"382 go\r\n281 you are in\r\n")
    with ScriptedServer(faults=[slipped]) as scripted:
        with pytest.raises(Unreachable, match="before TLS started"):
            connect(scripted, tls=Tls.STARTTLS, verify_tls=False)


def test_plain_text_where_tls_is_expected(connect: Callable[..., Connection]) -> None:
    with ScriptedServer() as scripted, pytest.raises(Unreachable, match="TLS with"):
        connect(scripted, tls=Tls.IMPLICIT)


def test_an_invalid_ca_file(tmp_path: Path, connect: Callable[..., Connection]) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("nothing")
    for ca_file in (file, tmp_path / "missing.pem"):
        with ScriptedServer() as scripted:
            with pytest.raises(Unreachable, match=ca_file.name) as caught:
                connect(scripted, tls=Tls.IMPLICIT, ca_file=str(ca_file))
            assert caught.value.permanent


@pytest.mark.parametrize("split", [0, 1, 7])
def test_login(split: int, connect: Callable[..., Connection]) -> None:
    with ScriptedServer(login=("bob", "pass word")) as scripted:
        scripted.split = split
        connection = connect(scripted, username="bob", password="pass word")
        assert connection.stat(wire_id(1)).meaning() is Meaning.MISSING
        with pytest.raises(Refused) as caught:
            connect(scripted, username="bob", password="wrong")
        assert (caught.value.meaning, caught.value.opening) == (Meaning.CREDENTIALS, True)
        assert "wrong" not in str(caught.value)


def test_a_login_without_password(connect: Callable[..., Connection]) -> None:
    with ScriptedServer(faults=[Fault("AUTHINFO", reply="281 You are known")]) as scripted:
        connect(scripted, username="bob")
        assert scripted.commands["AUTHINFO"] == 1


@pytest.mark.parametrize("password", ["a\r\nPOST", "x" * 600])
def test_a_password_that_cannot_be_sent(password: str, connect: Callable[..., Connection]) -> None:
    with ScriptedServer(login=("bob", "secret")) as scripted:
        with pytest.raises(SettingsError, match=r"Server one: .*AUTHINFO PASS") as caught:
            connect(scripted, username="bob", password=password)
        assert password not in str(caught.value)
        assert scripted.commands["POST"] == 0


def test_mode_reader_after_the_login_if_the_server_requires_it(
    connect: Callable[..., Connection],
) -> None:
    fault = Fault("MODE", reply="480 Log in first")
    with ScriptedServer(login=("bob", "secret"), faults=[fault]) as scripted:
        connect(scripted, username="bob", password="secret")
        assert scripted.commands["MODE"] == 2


@pytest.mark.parametrize("reply", ["500 What?", "502 No", "501"])
def test_a_server_that_does_not_know_mode_reader(
    reply: str, connect: Callable[..., Connection]
) -> None:
    with ScriptedServer(faults=[Fault("MODE", reply=reply)]) as scripted:
        assert connect(scripted).posting_allowed


def test_capabilities_may_be_missing(connect: Callable[..., Connection]) -> None:
    with ScriptedServer() as scripted:
        connection = connect(scripted)
        assert connection.read_capabilities(None) == {"VERSION": ("2",), "READER": (), "POST": ()}
        scripted.capabilities = None
        assert connection.read_capabilities(None) is None
        assert connection.ask(NntpCommand.DATE).code == 111


def test_idle_connections_are_probed(
    monkeypatch: pytest.MonkeyPatch, connect: Callable[..., Connection]
) -> None:
    with ScriptedServer() as scripted:
        connection = connect(scripted)
        connection.probe()
        assert scripted.commands["DATE"] == 0
        monkeypatch.setattr(module, "IDLE", 0.0)
        connection.probe()
        assert scripted.commands["DATE"] == 1
        scripted.drop_all()
        with pytest.raises(Lost):
            connection.probe()
        assert connection.broken


@BOTH
@pytest.mark.parametrize("on", ["connect", "DATE"])
def test_abort_frees_a_blocked_thread(on: str, tls: Tls, authority: Authority) -> None:
    with server_side(authority.context("127.0.0.1"), tls) as scripted:
        scripted.script(Fault.never_answers(on))
        server = configured(scripted, tls=tls, verify_tls=False, timeout=60.0)
        connection = Connection(server)
        errors: list[Exception] = []

        def use() -> None:
            try:
                connection.open(tls_context(server))
                connection.ask(NntpCommand.DATE)
            except (Lost, Unreachable) as error:
                errors.append(error)

        thread = threading.Thread(target=use)
        thread.start()
        while scripted.waiting:
            time.sleep(0.01)
        connection.abort()
        thread.join(10)
        assert not thread.is_alive()
        assert len(errors) == 1
        with pytest.raises(Lost, match="closed"):
            connection.ask(NntpCommand.DATE)


def test_a_handshake_that_never_ends_times_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host, port = listener.getsockname()
        server = Server("mute", host, port, timeout=0.2)
        with pytest.raises(Unreachable, match="no answer for"):
            Connection(server).open(tls_context(server))


def test_dripping_answers_time_out(connect: Callable[..., Connection]) -> None:
    with ScriptedServer() as scripted:
        connection = connect(scripted, timeout=0.3)
        scripted.script(Fault("DATE", raw=b"1"))
        with pytest.raises(Lost, match=r"no .*answer"):
            connection.ask(NntpCommand.DATE)


def test_a_name_that_does_not_resolve() -> None:
    connection = Connection(Server("none", "nonsense.invalid", 563))
    with pytest.raises(Unreachable, match=r"nonsense\.invalid does not resolve") as caught:
        connection.open(None)
    assert not caught.value.permanent


def test_stat_many_matches_answers_in_order(connect: Callable[..., Connection]) -> None:
    with ScriptedServer() as scripted:
        there = {n for n in range(1_000) if n * n % 7 == 2}
        for number in there:
            scripted.keep(wire_id(number), b"")
        connection = connect(scripted)
        answers = connection.stat_many([wire_id(n) for n in range(1_000)])
        found = {n for n, a in enumerate(answers) if a.meaning() is Meaning.ACCEPTED}
        assert found == there
        assert connection.stat_many([]) == []
