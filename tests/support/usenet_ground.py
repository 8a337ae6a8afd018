"""A usenet store over scripted servers."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import Any

from scripted_server import ScriptedServer
from trees import content

from usenetsync_tui.codec.envelope import SealedHeaders
from usenetsync_tui.model.segments import Article
from usenetsync_tui.model.servers.servers import Role, Server, Tls
from usenetsync_tui.store.usenet.store import UsenetServers, UsenetStore

STYLE = SealedHeaders(bytes(32), ["alt.test"])

PAYLOAD = content(20_000)


class KnownAliases:
    """Aliases in a dictionary."""

    def __init__(self) -> None:
        self.ids: dict[bytes, list[str]] = {}

    async def of(self, message_id: bytes) -> Sequence[str]:
        return self.ids.get(message_id, [])

    async def adopted(self, message_ids: Collection[bytes]) -> Mapping[bytes, str]:
        return {m: self.ids[m][0] for m in message_ids if self.ids.get(m)}

    async def adopt(self, message_id: bytes, wire_id: str) -> None:
        self.ids.setdefault(message_id, []).insert(0, wire_id)


def name(number: int) -> bytes:
    return number.to_bytes(16, "big")


def wire_id(number: int) -> str:
    return STYLE.wire_id(name(number))


def article(number: int, **more: Any) -> Article:
    return Article(name(number), content(20_000, number), **more)


def configured(scripted: ScriptedServer, **more: Any) -> Server:
    """A server's settings, as a user would write them for it."""
    settings: dict[str, Any] = {
        "name": "one",
        "tls": Tls.NONE,
        "timeout": 2.0,
        "connections": 4,
        **more,
    }
    return Server(host=scripted.host, port=scripted.port, **settings)


@contextlib.asynccontextmanager
async def opened(
    *servers: Server, patience: float | None = 20.0, tries: int = 3, **more: Any
) -> AsyncIterator[UsenetStore]:
    more.setdefault("backoff", (0.01, 0.05))
    async with UsenetServers(servers, patience=patience, **more) as pool:
        store = UsenetStore(pool, STYLE, KnownAliases(), tries=tries, backoff=0.01)
        store.pool = pool  # type: ignore[attr-defined]
        yield store


POSTS = frozenset({Role.POST})
"""A server only for posting gives posting all its connections."""
