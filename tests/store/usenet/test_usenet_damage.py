"""Every invalid answer is a damaged article, and the next server is asked."""

from __future__ import annotations

from collections.abc import Callable
from unittest.mock import patch

import anyio
import pytest
from scripted_server import Fault, ScriptedServer
from usenet_ground import article, configured, name, opened, wire_id

from usenetsync_tui.codec import yenc
from usenetsync_tui.codec.envelope import Envelope, SealedHeaders
from usenetsync_tui.codec.yenc import WireArticle
from usenetsync_tui.errors import ArticleCorruptError
from usenetsync_tui.model.segments import Article

STYLE = SealedHeaders(bytes(32), ["alt.test"])


def encode(made: Article, envelope: Envelope, *, date: None) -> WireArticle:
    """An article as others may post it: we refuse to post what we could not decode."""
    with patch.object(yenc, "LARGEST_PAYLOAD", 1 << 30):
        return yenc.encode(made, envelope, date=date)


def wire(payload: bytes) -> bytes:
    made = Article(name(1), payload)
    return b"".join(encode(made, STYLE.envelope(made), date=None).buffers).removesuffix(b".\r\n")


WHOLE = wire(article(1).payload)
DAMAGE: dict[str, Callable[[], bytes]] = {
    "past the decoder": lambda: wire(bytes((10 << 20) + 1)),
    "12 MB": lambda: wire(bytes(12_000_000)),
    "not yEnc": lambda: b"Subject: x\r\n\r\nhello\r\n",
    "nothing": lambda: b"Subject: x\r\n\r\n",
    "cut": lambda: WHOLE[: len(WHOLE) // 2] + b"\r\n",
    "a bit": lambda: WHOLE.replace(b"\r\n=yend", b"x\r\n=yend"),
    "a header line of a megabyte": lambda: b"X: y\r\n\r\n=ybegin " + b"x" * 1_000_000 + b"\r\n",
    "sizes out of this world": lambda: WHOLE.replace(b"=20000", b"=" + b"9" * 40),
    "no sizes": lambda: b"X: y\r\n\r\n=ybegin line=128 size=-1 name=\r\n=ypart begin=0 end=\r\n",
}


@pytest.mark.anyio
@pytest.mark.parametrize("kind", DAMAGE)
async def test_the_next_server_is_asked_and_the_connection_stays_usable(kind: str) -> None:
    with ScriptedServer() as one, ScriptedServer() as two:
        one.keep(wire_id(1), DAMAGE[kind]())
        one.keep(wire_id(2), wire(article(2).payload))
        servers = (
            configured(one, timeout=20.0),
            configured(two, name="two", priority=1, timeout=20.0),
        )
        async with opened(*servers) as store:
            with pytest.raises(ArticleCorruptError):
                await store.fetch(name(1))
            two.keep(wire_id(1), WHOLE)
            assert await store.fetch(name(1)) == article(1).payload
            assert await store.fetch(name(2)) == article(2).payload
        assert one.connections == 1


@pytest.mark.anyio
async def test_another_article_than_the_posted_one_is_damage_too() -> None:
    with ScriptedServer() as one, ScriptedServer() as two:
        one.keep(wire_id(1), wire(article(2).payload))
        async with opened(configured(one), configured(two, name="two", priority=1)) as store:

            def checked(payload: bytes) -> bytes:
                if payload != article(1).payload:
                    raise ArticleCorruptError("other bytes")
                return payload

            with pytest.raises(ArticleCorruptError, match="other bytes"):
                await store.fetch(name(1), opened=checked)
            two.keep(wire_id(1), WHOLE)
            assert await store.fetch(name(1), opened=checked) == article(1).payload


@pytest.mark.anyio
async def test_an_endless_article_does_not_fail_those_beside_it() -> None:
    with ScriptedServer() as one, ScriptedServer() as two:
        servers = (
            configured(one, connections=2, pipeline=4, timeout=20.0),
            configured(two, name="two", priority=1),
        )
        async with opened(*servers, tries=1) as store:
            for number in range(8):
                await store.post(article(number))
            two.keep(wire_id(3), one.articles[wire_id(3)])
            one.script(Fault.endless_body(wire_id(3)))

            async def fetch(number: int) -> None:
                assert await store.fetch(name(number)) == article(number).payload

            async with anyio.create_task_group() as group:
                for number in range(8):
                    group.start_soon(fetch, number)
        assert two.commands["BODY"] == 1
