"""What clients of ``/progress`` get, and those that do not read."""

from __future__ import annotations

import os
import socket
import time
from dataclasses import replace

import pytest
from progress_ground import Ground, job_status, received
from websockets.exceptions import ConnectionClosed, InvalidStatus

from usenetsync_tui.model.status import EngineState, EngineStatus
from usenetsync_tui.progress_stream import clients as clients_module
from usenetsync_tui.progress_stream import stream as stream_module


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


def test_clients_that_do_not_read_get_no_backlog_and_are_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stream_module, "_EVERY", 0.01)
    waiting: list[int] = []

    class Watched(clients_module.Clients):
        def __init__(self) -> None:
            super().__init__(patience=2.0)

        def send(self, message: bytes, number: int, now: float) -> None:
            super().send(message, number, now)
            waiting.extend(c.transport.get_write_buffer_size() for c in self._followers)
            sizes.append(len(message))

    sizes: list[int] = []
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
                if max(waiting, default=0) and all(_is_dropped(one) for one in deaf):
                    break
                assert time.monotonic() < until, "they are still connected"
        assert 0 < max(waiting) <= max(sizes) + 200  # one message at most, and its handshake
    finally:
        for one in deaf:
            one.close()
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
