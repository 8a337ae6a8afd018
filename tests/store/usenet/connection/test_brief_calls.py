"""Short calls on a socket that keep the GIL: they never wait, and nothing is lost by them."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from usenetsync_tui.store.usenet.connection.brief_calls import OF_LINES, Arrivals, send_at_once
from usenetsync_tui.store.usenet.connection.pace import Pace
from usenetsync_tui.store.usenet.connection.wire import PlainWire

PACE = Pace(60.0, 0, 60.0)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def fill(sock: socket.socket) -> int:
    """Send until the kernel takes no more; how many bytes it took."""
    sock.setblocking(False)
    size = 0
    with contextlib.suppress(BlockingIOError):
        while True:
            size += sock.send(bytes(4_096))
    sock.setblocking(True)
    return size


def test_a_full_socket_takes_nothing(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    assert send_at_once(ours, b"POST\r\n") == 6
    assert theirs.recv(100) == b"POST\r\n"
    fill(ours)
    assert send_at_once(ours, bytes(512)) == 0
    theirs.close()
    assert send_at_once(ours, b"POST\r\n") == 0  # without SIGPIPE


def test_a_command_on_a_full_socket_waits_and_arrives_whole(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = pair
    wire, size = PlainWire(ours, 60.0), fill(ours)
    sender = threading.Thread(target=wire.send, args=((b"STAT <a@b>\r\n",), PACE))
    sender.start()
    received = bytearray()
    while len(received) < size + 12:
        received += theirs.recv(65_536)
    sender.join()
    assert bytes(received[size:]) == b"STAT <a@b>\r\n"


def test_only_what_has_arrived_is_taken(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    arrivals = Arrivals(ours)
    assert arrivals.take(100) == b""
    theirs.sendall(b"340 Go\0 ahead\r\n")
    assert (arrivals.take(4), arrivals.take(100)) == (b"340 ", b"Go\0 ahead\r\n")
    theirs.sendall(bytes(2 * OF_LINES))
    assert len(arrivals.take(3 * OF_LINES)) <= OF_LINES
    theirs.close()
    while arrivals.take(OF_LINES):
        pass
    assert ours.recv(100) == b""  # the end is still there for a call that says so
