"""Who may read the progress: tokens, hosts, origins and addresses."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from progress_ground import TOKEN, Ground, received
from websockets.exceptions import InvalidStatus

from usenetsync_tui.model.secret import Secret
from usenetsync_tui.model.servers.listen_address import (
    ListenAddress,
    listen_problem,
    read_listen_address,
)
from usenetsync_tui.model.status.engine import EngineState, EngineStatus
from usenetsync_tui.progress_stream.stream import ProgressStream


def _refusal(ground: Ground, **options: Any) -> int:
    with pytest.raises(InvalidStatus) as refused:
        ground.follow(**options).close()
    return refused.value.response.status_code


def test_the_token_in_a_header_or_in_the_query(ground: Ground) -> None:
    for options in (
        {},
        {"query": "", "additional_headers": {"Authorization": f"Bearer {TOKEN}"}},
        {"query": "", "additional_headers": {"Authorization": f"bearer  {TOKEN}"}},
    ):
        with ground.follow(**options) as client:
            assert received(client)["state"] == "idle"
    for query in ("", "?token=", f"?token={TOKEN}x", "?token=%ff%fe", f"?Token={TOKEN}"):
        assert _refusal(ground, query=query) == 401, query
    assert _refusal(ground, query="", additional_headers={"Authorization": f"Basic {TOKEN}"}) == 401
    code, words, headers = ground.get("/metrics", token=None)
    assert (code, headers["WWW-Authenticate"]) == (401, "Bearer")
    assert ground.get("/metrics", token="wrong")[0] == 401
    assert TOKEN not in words


def test_pages_of_other_origins_and_foreign_names_get_nothing(ground: Ground) -> None:
    own = f"http://{ground.address}"
    with ground.follow(origin=own) as client:
        assert received(client)["jobs"] == []
    port = ground.address.port
    for origin in (
        "http://evil.example",
        "null",
        "http://localhost:3000",
        f"http://localhost:{port}",  # the request says 127.0.0.1
        f"ftp://{ground.address}",
        f"http://{ground.address}.evil.example",
        f"http://{ground.address}@evil.example",
    ):
        assert _refusal(ground, origin=origin) == 403, origin
    for host in (
        "evil.example",
        f"evil.example:{port}",
        "localhost.evil.example",
        f"127.0.0.1.evil.example:{port}",
        "localhost@evil.example",
        "",
    ):
        for path in ("/progress", "/metrics", "/healthz"):
            assert ground.get(path, Host=host)[0] == 403, (host, path)
    for host in ("localhost", f"LOCALHOST.:{port}", "[::1]:8080", "192.0.2.1:8080"):
        assert ground.get("/metrics", Host=host)[0] == 200, host
    assert ground.get("/other", token=None)[0] == 404


def test_a_further_name_is_one_of_ours() -> None:
    ground = Ground(EngineStatus(EngineState.IDLE), names=("Backup.lan",))
    try:
        assert ground.get("/metrics", Host="backup.lan:8080")[0] == 200
        assert ground.get("/metrics", Host="other.lan:8080")[0] == 403
    finally:
        ground.close()


def test_only_loopback_unless_it_is_set() -> None:
    for text in ("localhost:8080", "127.0.0.1:1", "127.9.9.9:80", "[::1]:8080", "LocalHost:8080"):
        assert listen_problem(text, remote=False) == "", text
    for text in ("0.0.0.0:8080", "[::]:8080", "192.0.2.1:8080", "backup.lan:8080", "localhost.x:1"):
        assert "progress_remote" in listen_problem(text, remote=False), text
        assert listen_problem(text, remote=True) == "", text
    for text in ("8080", "localhost", ":8080", "localhost:99999", "[1:2]:80", "a b:80", "::1:8080"):
        assert "localhost:8080" in listen_problem(text, remote=True) or "[::1]" in listen_problem(
            text, remote=True
        ), text
    assert str(read_listen_address("[::1]:8080")) == "[::1]:8080"


def test_a_name_that_leads_elsewhere_is_not_bound() -> None:
    """The text says loopback; what the name server says decides."""
    stream = ProgressStream(
        lambda: EngineStatus(EngineState.IDLE), ListenAddress("0.0.0.0", 0), token=Secret(TOKEN)
    )
    with pytest.raises(OSError, match="loopback"):
        stream.start()


def test_a_port_in_use_is_an_error_of_start(ground: Ground) -> None:
    taken = ProgressStream(
        lambda: EngineStatus(EngineState.IDLE), ground.address, token=Secret(TOKEN)
    )
    with pytest.raises(OSError):
        taken.start()
    taken.stop()


def test_requests_that_are_none(ground: Ground) -> None:
    for line in (b"\r\n\r\n", b"POST /metrics HTTP/1.1\r\n\r\n", b"GET " + b"a" * 20_000, b""):
        with socket.create_connection((ground.address.host, ground.address.port)) as link:
            link.sendall(line)
            link.shutdown(socket.SHUT_WR)
            link.settimeout(15)
            while link.recv(4096):
                pass
    assert ground.get("/healthz", token=None)[0] == 200
