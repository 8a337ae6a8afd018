"""What 200 clients of ``/progress`` that do not read cost an upload: time and memory.

An engine without a window (`serve`) serves the progress on both sides, and an upload is handed to
it; on one side the clients are there. They connect before the upload begins, for how long that
takes does not depend on the upload: what it cost the engine is a figure of its own. They never
read, and whom the engine drops connects again, which is part of the upload's time. CPU time and
memory are the engine's.
"""

from __future__ import annotations

import select
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from .contest import Case, Goal, Row, Scene, Side, Stages, longer
from .files import random_files
from .measuring import (
    ENVIRONMENT,
    REPOSITORY,
    USENETSYNC,
    Contestant,
    FailedError,
    Run,
    cpu_seconds,
    measure,
    peak_memory,
    started_home,
    stop_database,
)

_CLIENTS = 200
_ALONE, _CROWDED = "upload", f"upload with {_CLIENTS} deaf clients"
_HANDSHAKES = f"{_CLIENTS} connections: CPU time [ms]"
_START = 60.0
"""Seconds that the engine may take to listen, and all clients to connect."""


class DeafClients:
    """Clients that are always there and never read."""

    def __init__(self, home: Path, port: int) -> None:
        self._token, self._port = home / "config" / "progress-token", port
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._hold)
        self._links: dict[int, socket.socket] = {}
        self._lost = select.poll()

    def __enter__(self) -> DeafClients:
        for _ in range(_CLIENTS):
            self._connect()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        for link in self._links.values():
            link.close()

    @property
    def connected(self) -> int:
        """How many are connected."""
        return len(self._links)

    def _connect(self) -> None:
        link = socket.create_connection(("127.0.0.1", self._port))
        link.sendall(self._request())
        if link.recv(12) != b"HTTP/1.1 101":
            raise FailedError("a client of /progress was refused")
        self._links[link.fileno()] = link
        self._lost.register(link, select.POLLRDHUP)  # errors are reported as well

    def _hold(self) -> None:
        while not self._over.wait(0.1):
            for number, _ in self._lost.poll(0):
                self._lost.unregister(number)
                self._links.pop(number).close()
                with suppress(OSError, FailedError):  # it is missing at the end, which is checked
                    self._connect()

    def _request(self) -> bytes:
        token = self._token.read_text().strip()
        return (
            f"GET /progress?token={token} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        ).encode()


@contextmanager
def _engine(home: Path) -> Iterator[tuple[int, int]]:
    """An engine of a fresh home that serves the progress: its process id and port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    started_home(home)
    variables = {"USENETSYNC_HOME": str(home), "USENETSYNC_PROGRESS_LISTEN": f"127.0.0.1:{port}"}
    engine = subprocess.Popen(
        [*USENETSYNC, "serve"],
        env=ENVIRONMENT | variables,
        cwd=REPOSITORY,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(port, engine)
        yield engine.pid, port
    finally:
        engine.send_signal(signal.SIGTERM)
        engine.wait()


def _wait_for(port: int, engine: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _START
    while time.monotonic() < until and engine.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)) as link:
            link.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            if link.recv(12) == b"HTTP/1.1 200":
                return
        time.sleep(0.05)
    raise FailedError("the engine does not serve /healthz")


def _uploaded(home: Path, tree: Path, *, crowded: bool) -> Run:
    with _engine(home) as (engine, port):
        if not crowded:
            return _measured(home, tree, engine)
        before = cpu_seconds(engine)
        with DeafClients(home, port) as clients:
            handshakes = cpu_seconds(engine) - before
            run = _measured(home, tree, engine)
            if clients.connected < _CLIENTS:
                raise FailedError(f"only {clients.connected} clients were connected at the end")
    return replace(run, more={_HANDSHAKES: 1000 * handshakes})


def _measured(home: Path, tree: Path, engine: int) -> Run:
    """An upload by the engine of a home; CPU time and memory are the engine's."""
    command = [*USENETSYNC, "upload", str(tree), "--store", "shards", "--json"]
    before = cpu_seconds(engine)
    run = measure(Contestant(command, {"USENETSYNC_HOME": str(home)}, home=home))
    return replace(run, cpu=cpu_seconds(engine) - before, memory=peak_memory(engine))


@contextmanager
def ground(scene: Scene) -> Iterator[Stages]:
    """Files of random bytes, and a home."""
    home, tree = scene.scratch / "home", scene.scratch / "tree"
    random_files(tree, scene.amount, 32)
    try:
        yield [
            [
                Side(_ALONE, partial(_uploaded, home, tree, crowded=False)),
                Side(_CROWDED, partial(_uploaded, home, tree, crowded=True)),
            ]
        ]
    finally:
        stop_database(home)


CASES = (
    Case(
        "deaf-clients",
        "upload into shards by an engine whose clients of /progress do not read",
        3e9,
        "bytes",
        ground,
        (
            longer(_CROWDED, _ALONE, Goal(at_most=1.03)),
            Row(
                f"{_CROWDED}: CPU time",
                (_CROWDED, _ALONE),
                lambda r: r[_CROWDED].cpu / r[_ALONE].cpu,
                goal=Goal(at_most=1.03),
                beside=_ALONE,
            ),
            Row(
                f"{_CROWDED}: more memory",
                (_CROWDED, _ALONE),
                lambda r: (r[_CROWDED].memory - r[_ALONE].memory) / 1e6,
                "MB",
                Goal(at_most=30),
                beside=_ALONE,
            ),
        ),
        least=200_000_000,
        more=True,
    ),
)
