"""A SOCKS5 proxy between us and a server (RFC 1928, 1929)."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from certificates import Authority
from scripted_server import ScriptedServer
from usenet_ground import article, name, opened

from usenetsync_tui.errors import StoreUnusableError
from usenetsync_tui.model.servers.servers import Server, Tls
from usenetsync_tui.store.usenet.diagnosis import diagnose

HOST = "news.example.com"
"""A name that only the proxy knows."""


class Proxy:
    """Connects every name to one port of this machine; requires a login if it has one."""

    def __init__(self, port: int, login: tuple[str, str] | None = None) -> None:
        self._target = port
        self._login = login
        self.asked: list[tuple[str, int]] = []
        self.url = ""
        self.reply = 0

    def serve(self, sock: socket.socket) -> None:
        with sock, contextlib.suppress(OSError):
            methods = sock.recv(2)[1]
            sock.recv(methods)
            sock.sendall(b"\x05\x02" if self._login else b"\x05\x00")
            if self._login:
                sock.recv(1)
                user = sock.recv(sock.recv(1)[0]).decode()
                password = sock.recv(sock.recv(1)[0]).decode()
                good = (user, password) == self._login
                sock.sendall(b"\x01\x00" if good else b"\x01\x01")
                if not good:
                    return
            assert sock.recv(4) == b"\x05\x01\x00\x03"  # connect, a name
            host = sock.recv(sock.recv(1)[0]).decode()
            self.asked.append((host, int.from_bytes(sock.recv(2), "big")))
            sock.sendall(bytes((5, self.reply, 0, 1, 0, 0, 0, 0, 0, 0)))
            if not self.reply:
                self._relay(sock)

    def _relay(self, sock: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", self._target)) as target:
            back = threading.Thread(target=_pump, args=(target, sock))
            back.start()
            _pump(sock, target)
            back.join()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
    for end in (source, sink):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@contextmanager
def proxy_to(port: int, login: tuple[str, str] | None = None) -> Iterator[Proxy]:
    proxy = Proxy(port, login)
    threads: list[threading.Thread] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy.url = f"socks5://127.0.0.1:{listener.getsockname()[1]}"

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    sock, _ = listener.accept()
                    threads.append(threading.Thread(target=proxy.serve, args=(sock,)))
                    threads[-1].start()

        acceptor = threading.Thread(target=accept)
        acceptor.start()
        yield proxy
        listener.shutdown(socket.SHUT_RDWR)
        acceptor.join()
    for thread in threads:
        thread.join(5.0)


@pytest.mark.anyio
@pytest.mark.parametrize("tls", [Tls.NONE, Tls.IMPLICIT, Tls.STARTTLS])
async def test_all_goes_through_it_and_it_resolves_the_name(tls: Tls, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    context = authority.context(HOST)
    with (
        ScriptedServer(
            tls=context if tls is Tls.IMPLICIT else None,
            starttls=context if tls is Tls.STARTTLS else None,
        ) as scripted,
        proxy_to(scripted.port, ("bob", "secret")) as proxy,
    ):
        server = Server(
            "one",
            HOST,
            563,
            tls=tls,
            ca_file=str(authority.ca_file),
            timeout=5.0,
            proxy=proxy.url,
            proxy_username="bob",
            proxy_password="secret",
        )
        async with opened(server) as store:
            await store.post(article(1))
            assert await store.fetch(name(1)) == article(1).payload
        steps = {s.name: s async for s in diagnose(server)}
        assert proxy.url in steps["resolve"].detail
        assert proxy.url in steps["connect"].detail
        assert all(s.ok is not False for s in steps.values())
        assert "secret" not in repr(server) + str(steps)
    assert set(proxy.asked) == {(HOST, 563)}


@pytest.mark.anyio
@pytest.mark.parametrize("trouble", ["login", "refuses", "away"])
async def test_errors_of_the_proxy_are_reported(trouble: str) -> None:
    with ScriptedServer() as scripted, proxy_to(scripted.port, ("bob", "secret")) as proxy:
        url = proxy.url
        proxy.reply = 5 if trouble == "refuses" else 0
        if trouble == "away":
            with socket.create_server(("127.0.0.1", 0)) as gone:
                url = f"socks5://127.0.0.1:{gone.getsockname()[1]}"
        server = Server(
            "one",
            HOST,
            119,
            tls=Tls.NONE,
            timeout=2.0,
            proxy=url,
            proxy_username="bob",
            proxy_password="wrong" if trouble == "login" else "secret",
        )
        async with opened(server, patience=0.2) as store:
            with pytest.raises(StoreUnusableError, match=f"through {url}: .+"):
                await store.fetch(name(1))
        steps = [step async for step in diagnose(server)]
        assert (steps[-1].name, steps[-1].ok) == ("connect", False)
        assert "Check the proxy" in steps[-1].detail
