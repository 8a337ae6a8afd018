"""The posting part of `servers test`: posts an article like those of an upload and fetches it.

Knows what uploads of sealed and of plain folders look like to a server. Refuses to know how the
connection was opened (`diagnosis`).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from usenetsync_tui.codec.answers import Meaning
from usenetsync_tui.codec.envelope import HeaderStyle, PlainHeaders, SealedHeaders
from usenetsync_tui.codec.yenc import WireArticle, encode
from usenetsync_tui.errors import ArticleCorruptError
from usenetsync_tui.model.segments import Article, Part
from usenetsync_tui.store.usenet.connection.connection import Connection
from usenetsync_tui.store.usenet.connection.signals import Refused

_SIZE = 1_024
_NAME = b"usenet-test.bin"

Finding = tuple[bool | None, str]


class StepFailure(Exception):
    """The step failed; the message says what the user can do."""


class TrialPost:
    """The trial post of one article, on a connection that is logged in."""

    def __init__(self, connection: Connection, newsgroups: Sequence[str], patience: float) -> None:
        """`patience`: seconds within which a posted article must appear."""
        self._connection = connection
        self._newsgroups = newsgroups
        self._patience = patience
        self._payload = os.urandom(_SIZE)
        self._message_id = os.urandom(16)
        self._wire_id = ""

    def checks(self) -> Iterator[tuple[str, Callable[[], Finding]]]:
        """The steps with a sealed article: post, find, fetch."""
        yield "post", self._post_sealed
        yield "appear", self._appear
        yield "read back", self._read_back

    def post_plain(self, poster: str) -> Finding:
        """Post an article from the poster that uploads of plain folders use."""
        domain = f"{os.urandom(6).hex()}.invalid"
        part = Part(_NAME, 1, 1, 0, _SIZE)
        self._post(PlainHeaders(domain, poster, self._newsgroups), part, f"from {poster}: ")
        return True, f"accepted from {poster}"

    def _post_sealed(self) -> Finding:
        return True, self._post(SealedHeaders(os.urandom(32), self._newsgroups))

    def _post(self, style: HeaderStyle, part: Part | None = None, who: str = "") -> str:
        article = Article(self._message_id, self._payload, part)
        self._wire_id = style.wire_id(self._message_id)
        envelope = style.envelope(article)

        def encoded() -> WireArticle:
            date = None if self._connection.shared.is_clock_off else datetime.now(UTC)
            return encode(article, envelope, date=date)

        answer = self._connection.post(encoded)
        if answer.meaning() is not Meaning.ACCEPTED:
            raise Refused(answer.meaning(), f"{who}{answer.reply}")
        return str(answer.reply)

    def _appear(self) -> Finding:
        deadline = time.monotonic() + self._patience
        while self._connection.stat(self._wire_id).meaning() is not Meaning.ACCEPTED:
            if time.monotonic() > deadline:
                return None, (
                    f"Not found after {self._patience:.0f} s. Some servers take minutes; "
                    "if articles never appear, the server discards them: ask the provider."
                )
            time.sleep(0.5)
        return True, "STAT finds it"

    def _read_back(self) -> Finding:
        try:
            payload = self._connection.fetch(self._wire_id)
        except ArticleCorruptError as damage:
            words = f"{damage} The server changes articles: do not use it."
            raise StepFailure(words) from damage
        if payload is None:
            return None, "Not found yet."
        if payload != self._payload:
            raise StepFailure("The article read back differs from ours: do not use this server.")
        return True, f"{len(payload):,} bytes, identical"
