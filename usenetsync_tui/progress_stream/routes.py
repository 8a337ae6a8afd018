"""What a request is answered: the three paths, and why it is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from websockets.asyncio.server import ServerConnection
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from usenetsync_tui.model.secret import Secret
from usenetsync_tui.progress_stream import prometheus
from usenetsync_tui.progress_stream.admission import foreign, without_token

PROGRESS, METRICS, HEALTH = "/progress", "/metrics", "/healthz"


@dataclass(frozen=True, slots=True)
class Routes:
    """Answers each request (`process_request` of `websockets`)."""

    names: tuple[str, ...]
    """Further host names of this machine."""
    token: Secret
    exposition: Callable[[], bytes]
    health: Callable[[], tuple[HTTPStatus, str]]
    has_room: Callable[[], bool]
    """Whether one more client may follow the progress."""

    def __call__(self, connection: ServerConnection, request: Request) -> Response | None:
        """The answer; None for a client that may follow the progress."""
        path = urlsplit(request.path).path
        if path not in (PROGRESS, METRICS, HEALTH):
            return _text(HTTPStatus.NOT_FOUND, "There is /progress, /metrics and /healthz.")
        if refused := foreign(request.headers, self.names):
            return _text(*refused)
        if path == HEALTH:
            return _text(*self.health())
        if refused := without_token(request.path, request.headers, self.token):
            return _text(*refused, ("WWW-Authenticate", "Bearer"))
        if path == METRICS:
            return _response(HTTPStatus.OK, self.exposition(), prometheus.CONTENT_TYPE)
        if not self.has_room():
            return _text(HTTPStatus.SERVICE_UNAVAILABLE, "Too many clients.", ("Retry-After", "30"))
        return None


def _text(status: HTTPStatus, words: str, *more: tuple[str, str]) -> Response:
    return _response(status, f"{words}\n".encode(), "text/plain; charset=utf-8", *more)


def _response(status: HTTPStatus, body: bytes, kind: str, *more: tuple[str, str]) -> Response:
    headers = Headers(
        [
            ("Connection", "close"),
            ("Content-Length", str(len(body))),
            ("Content-Type", kind),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
            *more,
        ]
    )
    return Response(status.value, status.phrase, headers, body)
