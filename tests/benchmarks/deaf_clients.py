"""What 200 clients of ``/progress`` that do not read cost an upload: time and memory.

Both sides serve the progress; one has no client. The clients connect when the token is accepted,
and never read.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path

from .contest import Case, Goal, Row, Scene, Side, Stages, longer
from .files import random_files
from .measuring import USENETSYNC, Contestant, Run, do, fresh_home, measure, stop_database

_CLIENTS = 200
_ALONE, _CROWDED = "upload", f"upload with {_CLIENTS} deaf clients"


class DeafClients:
    """Clients that connect as soon as they can."""

    def __init__(self, home: Path, port: int) -> None:
        self._token, self._port = home / "config" / "progress-token", port
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._connect)
        self.connected = 0

    def __enter__(self) -> DeafClients:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _connect(self) -> None:
        with ExitStack() as stack:
            while self.connected < _CLIENTS and not self._over.is_set():
                with suppress(OSError):
                    link = stack.enter_context(socket.create_connection(("127.0.0.1", self._port)))
                    link.sendall(self._request())
                    self.connected += link.recv(12) == b"HTTP/1.1 101"
                    continue
                time.sleep(0.02)
            self._over.wait()

    def _request(self) -> bytes:
        token = self._token.read_text().strip()
        return (
            f"GET /progress?token={token} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        ).encode()


def _uploaded(home: Path, tree: Path, *, crowded: bool) -> Run:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [*USENETSYNC, "upload", str(tree), "--store", "shards", "--json"]
    variables = {"USENETSYNC_HOME": str(home), "USENETSYNC_PROGRESS_LISTEN": f"127.0.0.1:{port}"}

    def prepare() -> None:
        fresh_home(home)
        do(home, "db", "start")

    contestant = Contestant(command, variables, prepare, home)
    if not crowded:
        return measure(contestant)
    with DeafClients(home, port) as clients:
        run = measure(contestant)
    if clients.connected < _CLIENTS:
        raise RuntimeError(f"only {clients.connected} clients connected: upload more")
    return run


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
        "upload into shards while clients of /progress are connected and do not read",
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
    ),
)
