"""A progress stream on a real port, and what its clients see."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Mapping
from typing import Any

from websockets.sync.client import ClientConnection, connect

from usenetsync_tui.model.folders import Priority
from usenetsync_tui.model.jobs import JobState, Verb
from usenetsync_tui.model.secret import Secret
from usenetsync_tui.model.servers.listen_address import ListenAddress
from usenetsync_tui.model.status.engine import EngineStatus
from usenetsync_tui.model.status.jobs import JobStatus
from usenetsync_tui.progress_stream.stream import ProgressStream

TOKEN = "a-token-of-these-tests"


class Ground:
    """One stream; `status` is what its engine publishes."""

    def __init__(self, status: EngineStatus, **options: Any) -> None:
        self.status = status
        self.stream = ProgressStream(
            lambda: self.status, ListenAddress("127.0.0.1", 0), token=Secret(TOKEN), **options
        )
        (self.address,) = self.stream.start()

    def close(self) -> None:
        self.stream.stop()

    def get(
        self, path: str, *, token: str | None = TOKEN, **headers: str
    ) -> tuple[int, str, Mapping[str, str]]:
        """The status code, body and header fields of a plain request."""
        asked = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            asked["Authorization"] = f"Bearer {token}"
        link = http.client.HTTPConnection(self.address.host, self.address.port, timeout=10)
        try:
            link.request("GET", path, headers=asked)
            answer = link.getresponse()
            return answer.status, answer.read().decode(), dict(answer.getheaders())
        finally:
            link.close()

    def follow(self, *, query: str = f"?token={TOKEN}", **options: Any) -> ClientConnection:
        """A client of ``/progress``."""
        return connect(f"ws://{self.address}/progress{query}", compression=None, **options)

    def deaf(self) -> socket.socket:
        """A client of ``/progress`` that never reads, with the smallest buffer there is."""
        made = socket.socket()
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        made.connect((self.address.host, self.address.port))
        made.sendall(
            f"GET /progress?token={TOKEN} HTTP/1.1\r\nHost: {self.address}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )
        return made


def received(client: ClientConnection) -> dict[str, Any]:
    """The next message."""
    message = json.loads(client.recv(timeout=60))
    assert isinstance(message, dict)
    return message


def job_status(number: int, state: JobState = JobState.RUNNING, **figures: Any) -> JobStatus:
    """A job with some figures; the others are 0."""
    given: dict[str, Any] = {
        "folder_id": 1, "folder": "photos", "verb": Verb.UPLOAD, "priority": Priority.NORMAL,
        "version": 1, "phase": "upload", "scanned": True, "entries": 0, "unchanged": 0,
        "total_files": 0, "done_files": 0, "total_bytes": 0, "done_bytes": 0, "posted_bytes": 0,
        "deduplicated_bytes": 0, "errors": 0, "current": b"", "bytes_per_second": 0.0,
        "files_per_second": 0.0, "eta": None, "elapsed": 1.0,
    }  # fmt: skip
    return JobStatus(id=number, state=state, **{**given, **figures})
