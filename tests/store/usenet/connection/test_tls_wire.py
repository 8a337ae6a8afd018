"""TLS over a socket: both ways at once, what OpenSSL itself has to say meanwhile, and its end."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

import pytest
from certificates import Authority

from usenetsync_tui.model.servers.servers import Server
from usenetsync_tui.store.usenet.connection.pace import Pace
from usenetsync_tui.store.usenet.connection.tls_wire import TlsWire, secure, tls_context
from usenetsync_tui.store.usenet.connection.wire import PlainWire

MUCH = os.urandom(1 << 16) * 128
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def pace() -> Pace:
    return Pace(10, 0, 10)


def secured(authority: Authority, sock: socket.socket) -> TlsWire:
    server = Server(name="one", host="localhost", port=563, ca_file=authority.ca_file)
    return secure(PlainWire(sock, 10), server, tls_context(server), seconds=10)


@contextmanager
def connected(
    authority: Authority, version: ssl.TLSVersion
) -> Iterator[tuple[TlsWire, ssl.SSLSocket]]:
    """A wire, and the server's end of it."""
    context = authority.context("localhost")
    context.maximum_version = version
    near, far = socket.socketpair()
    with near, ExitStack() as stack:
        ends: list[ssl.SSLSocket] = []
        accept = threading.Thread(
            target=lambda: ends.append(context.wrap_socket(far, server_side=True))
        )
        accept.start()
        wire = secured(authority, near)
        accept.join()
        assert wire.session.version() == version.name.replace("_", ".")
        yield wire, stack.enter_context(ends[0])


def received(wire: TlsWire, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        data += wire.receive(pace()) or pytest.fail("the end came too early")
    return bytes(data)


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
def test_bytes_go_both_ways_at_once(authority: Authority, version: ssl.TLSVersion) -> None:
    """A server that answers while we send, and reads no more until its answer was read."""
    with connected(authority, version) as (wire, server):

        def echo() -> None:
            while data := server.recv(1 << 16):
                server.sendall(data)

        echoing = threading.Thread(target=echo)
        echoing.start()
        sender = threading.Thread(target=wire.send, args=((MUCH[:7], b"", MUCH[7:]), pace()))
        sender.start()
        assert received(wire, len(MUCH)) == MUCH
        sender.join()
        wire.abort()
        echoing.join()


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
@pytest.mark.parametrize("says_so", [True, False])
def test_the_end_is_an_end_with_and_without_its_notice(
    authority: Authority, version: ssl.TLSVersion, says_so: bool
) -> None:
    with connected(authority, version) as (wire, server):
        server.sendall(b"the last words")
        if says_so:
            server.setblocking(False)
            with pytest.raises(ssl.SSLWantReadError):
                server.unwrap()
        server.close()
        assert received(wire, 14) == b"the last words"
        assert wire.receive(pace()) == b""


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the command openssl")
def test_keys_that_change_meanwhile_change_no_byte(authority: Authority, tmp_path: Path) -> None:
    """The server changes its key and asks for ours (RFC 8446, 4.6.3), while we send."""
    authority.context("localhost")
    (certificate,) = authority.ca_file.parent.glob("localhost-False.pem")
    command = ["openssl", "s_server", "-accept", "127.0.0.1:0", "-naccept", "1", "-tls1_3"]
    command += ["-cert", str(certificate)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as server:
        assert server.stdin is not None and server.stdout is not None
        with socket.create_connection(("127.0.0.1", _port(server.stdout))) as sock:
            wire = secured(authority, sock)
            text = b"".join(b"%07d\n" % number for number in range(100_000))
            got: list[bytes] = []
            reader = threading.Thread(target=_read_to_the_end, args=(server.stdout, got))
            reader.start()
            sender = threading.Thread(target=wire.send, args=((text,), pace()))
            sender.start()
            for number in range(5):
                for typed in (b"K\n", b"line %d\n" % number):
                    server.stdin.write(typed)
                    server.stdin.flush()
                    time.sleep(0.05)  # what comes at once with a K is lost
                assert received(wire, 7) == b"line %d\n" % number
            sender.join()
            wire.send((b"finished\n",), pace())
            reader.join()
            assert _lines(b"".join(got)) == _lines(text)
        server.kill()


def _read_to_the_end(output: IO[bytes], got: list[bytes]) -> None:
    for line in output:
        got.append(line)
        if line.endswith(b"finished\n"):
            return


def _port(output: IO[bytes]) -> int:
    for line in output:
        if line.startswith(b"ACCEPT"):
            return int(line.rpartition(b":")[2])
    raise AssertionError("openssl does not listen")


def _lines(text: bytes) -> list[bytes]:
    return [line for line in text.split(b"\n") if len(line) == 7 and line.isdigit()]
