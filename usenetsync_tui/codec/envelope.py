"""The headers of an article: Message-ID, poster, newsgroups, subject and yEnc name.

A header style makes the envelope of an article from its 16-byte Message-ID alone (and, in a
`plain` realm, from the part it carries), so that a resend after a crash has the same headers.
Refuses to know how articles are sent, and how a header is written (`yenc`).

`SealedHeaders`: a keyed hash (BLAKE2b) of the Message-ID chooses every word, so nothing links
two articles, or an article to a folder, without the key; only the newsgroups are shared.
`PlainHeaders`: real names in the form of yEnc 1.3, ``"name.ext" yEnc (01/20) 12345678``; or, with
a veil, words chosen as in sealed articles instead of poster, subject and name. The Message-ID is
the same with and without a veil.

An article is found by its name, so that must never change. A realm keeps the style number that
it began with (`realms.dress`): in style 1 the Message-IDs of sealed articles end in ``.invalid``,
and the names of plain files are those of `flat_name_1`.
"""

from __future__ import annotations

import hashlib
import string
from collections.abc import Sequence
from typing import Protocol

from usenetsync_tui.codec import shapes
from usenetsync_tui.codec.flat_names import flat_name, flat_name_1, name_bytes
from usenetsync_tui.codec.shapes import Dice
from usenetsync_tui.errors import SettingsError
from usenetsync_tui.model.folders import NEWEST_HEADER_STYLE
from usenetsync_tui.model.segments import Article, Part
from usenetsync_tui.model.servers.headers import (
    is_domain,
    mailbox,
    newsgroups_problem,
    poster_problem,
)
from usenetsync_tui.model.value_object import value_object

_LETTERS = string.ascii_lowercase
_ALPHANUMERIC = string.ascii_letters + string.digits


@value_object
class Envelope:
    """The headers of an article, already safe: no controls, no line breaks."""

    message_id: str
    """Without its angle brackets."""
    sender: str
    """``Name <local@domain>`` or the bare address."""
    newsgroups: str
    """Joined by commas, no spaces."""
    subject: str
    name: bytes
    """The file's name in the yEnc lines."""


class HeaderStyle(Protocol):
    """The headers of a realm's articles, as others see them."""

    @property
    def newsgroups(self) -> Sequence[str]:
        """The newsgroups that the articles are posted to."""

    def wire_id(self, message_id: bytes) -> str:
        """The Message-ID on the wire, without angle brackets, for our own 16 bytes."""

    def envelope(self, article: Article) -> Envelope:
        """The headers of an article; the same at each call."""


class SealedHeaders:
    """Headers that reveal and link nothing, in shapes as varied as those of other posters."""

    def __init__(
        self, key: bytes, newsgroups: Sequence[str], header_style: int = NEWEST_HEADER_STYLE
    ) -> None:
        """`key` is the folder's 256-bit secret; `SettingsError` for illegal newsgroups."""
        if len(key) != 32:
            raise ValueError("a folder's key has 32 bytes")
        # Derived, so that the headers can never reveal the key that seals.
        self._key = hashlib.blake2b(key=key, person=b"article headers").digest()
        self._newsgroups = _newsgroups(newsgroups)
        self._header_style = header_style

    @property
    def newsgroups(self) -> Sequence[str]:
        """Where its articles are posted."""
        return self._newsgroups.split(",")

    def wire_id(self, message_id: bytes) -> str:
        """Letters and digits in one of several shapes, at a host name without an owner."""
        if self._header_style == 1:
            return self._wire_id_1(message_id)
        return shapes.message_id(self._dice(message_id, b"message id"))

    def envelope(self, article: Article) -> Envelope:
        """Unrelated words, and the newsgroups."""
        seed = article.message_id
        subject, name = shapes.subject_and_name(self._dice(seed, b"subject, name"))
        return Envelope(
            message_id=self.wire_id(seed),
            sender=shapes.sender(self._dice(seed, b"from")),
            newsgroups=self._newsgroups,
            subject=subject,
            name=name.encode(),
        )

    def _dice(self, seed: bytes, purpose: bytes) -> Dice:
        return Dice(hashlib.blake2b(seed, key=self._key, person=purpose).digest())

    def _wire_id_1(self, message_id: bytes) -> str:
        left = self._word(message_id, b"id left", _ALPHANUMERIC, 32, 43)
        return f"{left}@{self._word(message_id, b'id right', _LETTERS, 8, 15)}.invalid"

    def _word(self, seed: bytes, purpose: bytes, alphabet: str, least: int, most: int) -> str:
        digest = hashlib.blake2b(seed, key=self._key, person=purpose).digest()
        # 512 bits, of which at most 7 + 43 * 6 are used: the remainders have no real bias.
        number, extra = divmod(int.from_bytes(digest, "big"), most - least + 1)
        letters = []
        for _ in range(least + extra):
            number, at = divmod(number, len(alphabet))
            letters.append(alphabet[at])
        return "".join(letters)

    def __repr__(self) -> str:
        return f"SealedHeaders({self._newsgroups!r})"


class PlainHeaders:
    """Headers that any newsreader understands, with the real names unless there is a veil."""

    def __init__(
        self,
        domain: str,
        sender: str,
        newsgroups: Sequence[str],
        header_style: int = NEWEST_HEADER_STYLE,
        veil: bytes | None = None,
    ) -> None:
        """`SettingsError` for a domain, sender or newsgroups that RFC 5536 does not allow.

        `veil`: a secret of 32 bytes that chooses poster, subject and name; None: real ones.
        """
        self._domain = domain.lower()
        if len(domain) > 200 or not is_domain(domain):
            raise SettingsError(f"{domain!r} is not a valid domain for a Message-ID.")
        self._sender = _sender(sender)
        self._newsgroups = _newsgroups(newsgroups)
        self._header_style = header_style
        self._veil = veil

    @property
    def newsgroups(self) -> Sequence[str]:
        """Where its articles are posted."""
        return self._newsgroups.split(",")

    def wire_id(self, message_id: bytes) -> str:
        """32 hexadecimal digits at the realm's domain."""
        return f"{message_id.hex()}@{self._domain}"

    def envelope(self, article: Article) -> Envelope:
        """The headers of an article with a `part`; `ValueError` without one."""
        part = article.part
        if part is None:
            raise ValueError("a plain article needs a part")
        seed = article.message_id
        if self._veil is None:
            readable = self.name(part.path)
            subject, name = plain_subject(part, readable), name_bytes(readable)
        else:
            dice = self._dice(self._veil, seed, b"subject, name")
            subject, drawn = shapes.part_subject_and_name(dice, part.number, part.total)
            name = drawn.encode()
        return Envelope(self.wire_id(seed), self.poster(seed), self._newsgroups, subject, name)

    def poster(self, message_id: bytes) -> str:
        """The poster of an article."""
        if self._veil is None:
            return self._sender
        return shapes.sender(self._dice(self._veil, message_id, b"from"))

    def _dice(self, veil: bytes, seed: bytes, purpose: bytes) -> Dice:
        return Dice(hashlib.blake2b(seed, key=veil, person=purpose).digest())

    def name(self, path: bytes) -> str:
        """The name of a file in its articles."""
        return flat_name_1(path) if self._header_style == 1 else flat_name(path)


def plain_subject(part: Part, name: str) -> str:
    """``"name.ext" yEnc (01/20) 12345678``; for a file in an NZB, the subject of its part 1.

    It has no counter of files, since the number of files is not known while they are found and
    posted; an NZB, which knows its files, puts one in front.

    SABnzbd and NZBGet use the quoted name. NZBGet rejects a quoted name without a dot, and uses
    the subject's last word before ``yEnc (…)``: then the size is left out.
    """
    digits = len(str(part.total))
    size = f" {part.file_size}" if "." in name[1:] else ""
    return f'"{name}" yEnc ({part.number:0{digits}}/{part.total}){size}'


def _newsgroups(names: Sequence[str]) -> str:
    """The newsgroups on one line, each once."""
    once = tuple(dict.fromkeys(names))
    problem = newsgroups_problem(once)
    if problem:
        raise SettingsError(problem)
    return ",".join(once)


def _sender(text: str) -> str:
    problem = poster_problem(text)
    if problem:
        raise SettingsError(problem)
    return mailbox(text)
