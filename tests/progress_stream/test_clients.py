"""What clients of ``/progress`` get, and those that do not read."""

from __future__ import annotations

import os
import socket
import time
from contextlib import suppress
from dataclasses import replace

import pytest
from progress_ground import Ground, job_status, received
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.protocol import Event
from websockets.sync.client import ClientConnection

from usenetsync_tui.model.status.engine import EngineState, EngineStatus
from usenetsync_tui.progress_stream import clients as clients_module
from usenetsync_tui.progress_stream import stream as stream_module

_PONG = b"\x8a\x80\0\0\0\0"
"""A masked, empty pong (RFC 6455, section 5.5.3)."""


def test_the_newest_state_reaches_a_client(ground: Ground) -> None:
    with ground.follow() as client:
        assert received(client)["jobs"] == []
        ground.status = EngineStatus(
            EngineState.RUNNING,
            jobs=(
                job_status(
                    7, current=b"caf\xe9/a\n", done_bytes=1, total_bytes=4, eta=3.04,
                    bytes_per_second=2.0,
                ),
            ),
            bytes_per_second=2e6,
        )  # fmt: skip
        while not (message := received(client))["jobs"]:
            pass
        (job,) = message["jobs"]
        assert [job[key] for key in ("current", "total", "phase", "throughput", "eta")] == [
            1, 4, "upload", 2.0, 3.0]  # fmt: skip
        assert os.fsencode(job["file"]) == b"caf\xe9/a\n"
        assert message["metrics"]["throughputMbps"] == 16.0
        assert message["metrics"]["totalProgress"] == 0.25
        assert message["metrics"]["eta"] == 3.0


def test_what_is_sent_is_ascii(ground: Ground) -> None:
    ground.status = EngineStatus(EngineState.RUNNING, jobs=(job_status(1, current=b"\xff"),))
    with ground.follow() as client:
        assert r'"file":"\udcff"' in str(client.recv(timeout=60))


def test_a_client_that_sends_is_disconnected(ground: Ground) -> None:
    with ground.follow() as client:
        client.send("stop everything")
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                client.recv(timeout=60)
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1008, "read-only")


@pytest.mark.parametrize("answers_pings", [False, True])
def test_clients_that_do_not_read_get_no_backlog_and_are_dropped(
    monkeypatch: pytest.MonkeyPatch, answers_pings: bool
) -> None:
    monkeypatch.setattr(stream_module, "_EVERY", 0.01)
    waiting, sizes, written = [0], [0], [0]

    class Watched(clients_module.Clients):
        def __init__(self) -> None:
            super().__init__(patience=2.0)

        def send(self, message: bytes, number: int, now: float) -> None:
            before = [follower.number for follower in self._followers.values()]
            super().send(message, number, now)
            written.append(
                sum(f.number != b for f, b in zip(self._followers.values(), before, strict=True))
            )
            waiting.extend(c.transport.get_write_buffer_size() for c in self._followers)
            sizes.append(len(message))

    monkeypatch.setattr(stream_module, "Clients", Watched)
    ground = Ground(EngineStatus(EngineState.RUNNING))
    deaf: list[socket.socket] = []
    try:
        deaf = [ground.deaf() for _ in range(20)]
        current, until = os.urandom(2_000), time.monotonic() + 60
        with ground.follow() as reader:
            for number in range(1, 100_000):
                ground.status = EngineStatus(
                    EngineState.RUNNING, jobs=(job_status(1, done_bytes=number, current=current),)
                )
                if jobs := received(reader)["jobs"]:
                    assert number - jobs[0]["current"] < 200  # no old states come late
                for one in deaf if answers_pings else ():
                    with suppress(OSError):  # it is dropped
                        one.send(_PONG, socket.MSG_DONTWAIT)
                if all(_is_dropped(one) for one in deaf):
                    break
                assert time.monotonic() < until, "they are still connected"
        # One message at most waits here, with a ping and its handshake.
        assert max(waiting) <= max(sizes) + 200
        if answers_pings:
            assert max(waiting) > 0
        else:
            reads = sum(written) - len(deaf)
            assert 0 < reads <= len(written), "each deaf client got one message"
    finally:
        for one in deaf:
            one.close()
        ground.close()


def test_a_quiet_client_is_asked_whether_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_module, "_EVERY", 0.01)
    monkeypatch.setattr(clients_module, "_QUIET", 0.05)
    monkeypatch.setattr(stream_module, "message", lambda status, counters: b"{}")
    ground = Ground(EngineStatus(EngineState.IDLE))
    asked = []

    class Listening(ClientConnection):
        def process_event(self, event: Event) -> None:
            asked.append(isinstance(event, Frame) and event.opcode is Opcode.PING)
            super().process_event(event)

    try:
        with ground.follow(create_connection=Listening) as client:
            assert received(client) == {}
            until = time.monotonic() + 60
            while sum(asked) < 3:  # it has answered the ones before
                assert time.monotonic() < until
                time.sleep(0.01)
    finally:
        ground.close()


def _is_dropped(client: socket.socket) -> bool:
    """Whether the server has ended the connection; reads nothing."""
    info = client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)
    return info[0] != 1  # TCP_ESTABLISHED


def test_clients_are_limited(monkeypatch: pytest.MonkeyPatch, ground: Ground) -> None:
    monkeypatch.setattr(clients_module, "MOST_CLIENTS", 2)
    with ground.follow(), ground.follow() as second:
        received(second)
        with pytest.raises(InvalidStatus) as refused:
            ground.follow()
        assert refused.value.response.status_code == 503
        assert ground.get("/metrics")[0] == 200
    monkeypatch.setattr(clients_module, "_MOST_OPEN", 0)
    with pytest.raises((ConnectionError, OSError)):
        ground.get("/healthz")


def test_closing_it_closes_all_clients(ground: Ground) -> None:
    with ground.follow() as client, ground.deaf():
        received(client)
        ground.status = replace(ground.status, state=EngineState.STOPPED)
        ground.close()
        with pytest.raises(ConnectionClosed):
            while True:
                client.recv(timeout=60)
