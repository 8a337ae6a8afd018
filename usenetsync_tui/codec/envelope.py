"""What an article says of itself: Message-ID, poster, newsgroups, subject and yEnc name.

A dress makes the envelope of an article from its 16-byte Message-ID alone (and, in a `plain`
realm, from the part it carries), so that a resend after a crash has the same headers. It
knows nothing of sending, nor of how a header is written (`yenc` does).

`SealedHeaders`: every word is drawn by a keyed hash (BLAKE2b) of the Message-ID, so nothing links
two articles, or an article to a folder, without the key; only the newsgroups are shared.
`PlainHeaders`: real names in the form of yEnc 1.3, ``"name.ext" yEnc (01/20) 12345678``; or, with
a veil, words drawn as in sealed articles, in the place of poster, subject and name. Only
these: the Message-ID is the same with and without.

What an article is called must never change, for it is found by that. So a realm keeps the dress
it began with (`realms.dress`): in dress 1 the Message-IDs of sealed articles end in ``.invalid``,
and the names of plain files are those of `flat_name_1`.
"""

from __future__ import annotations

import hashlib
import string
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from usenetsync_tui.codec import shapes
from usenetsync_tui.codec.flat_names import flat_name, flat_name_1, name_bytes
from usenetsync_tui.codec.shapes import Dice
from usenetsync_tui.errors import SettingsError
from usenetsync_tui.model.folders import NEWEST_DRESS
from usenetsync_tui.model.headers import is_domain, mailbox, newsgroups_problem, poster_problem
from usenetsync_tui.model.segments import Article, Part

_LETTERS = string.ascii_lowercase
_ALPHANUMERIC = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True)
class Envelope:
    """The headers of an article, harmless already: no controls, no line breaks."""

    message_id: str
    """Without its angle brackets."""
    sender: str
    """``Name <local@domain>`` or the bare address."""
    newsgroups: str
    """Joined by commas, no spaces."""
    subject: str
    name: bytes
    """Of the file, in the yEnc lines."""


class HeaderStyle(Protocol):
    """How a realm's articles look to others."""

    @property
    def newsgroups(self) -> Sequence[str]:
        """Where they are posted."""

    def wire_id(self, message_id: bytes) -> str:
        """The Message-ID on the wire, without its angle brackets, of our own 16 bytes."""

    def envelope(self, article: Article) -> Envelope:
        """The headers of an article; the same each time."""


class SealedHeaders:
    """Headers that say nothing and link nothing, in shapes as various as other posters'."""

    def __init__(self, key: bytes, newsgroups: Sequence[str], dress: int = NEWEST_DRESS) -> None:
        """`key` is the folder's 256-bit secret; `SettingsError` for illegal newsgroups."""
        if len(key) != 32:
            raise ValueError("a folder's key has 32 bytes")
        # Derived, so that what headers give away can never be the key that seals.
        self._key = hashlib.blake2b(key=key, person=b"article headers").digest()
        self._newsgroups = _newsgroups(newsgroups)
        self._dress = dress

    @property
    def newsgroups(self) -> Sequence[str]:
        """Where its articles are posted."""
        return self._newsgroups.split(",")

    def wire_id(self, message_id: bytes) -> str:
        """Letters and digits in one of several shapes, at a host that belongs to no one."""
        if self._dress == 1:
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
        # 512 bits, of which 7 + 43 * 6 are used at most: the bias of the remainders is nil.
        number, extra = divmod(int.from_bytes(digest, "big"), most - least + 1)
        letters = []
        for _ in range(least + extra):
            number, at = divmod(number, len(alphabet))
            letters.append(alphabet[at])
        return "".join(letters)

    def __repr__(self) -> str:
        return f"SealedDress({self._newsgroups!r})"


class PlainHeaders:
    """Headers any newsreader understands, real names in them unless there is a veil."""

    def __init__(
        self,
        domain: str,
        sender: str,
        newsgroups: Sequence[str],
        dress: int = NEWEST_DRESS,
        veil: bytes | None = None,
    ) -> None:
        """`SettingsError` for a domain, sender or newsgroups that RFC 5536 does not allow.

        `veil`: a secret of 32 bytes that poster, subject and name are drawn by; None: real ones.
        """
        self._domain = domain.lower()
        if len(domain) > 200 or not is_domain(domain):
            raise SettingsError(f"{domain!r} is no domain a Message-ID can have.")
        self._sender = _sender(sender)
        self._newsgroups = _newsgroups(newsgroups)
        self._dress = dress
        self._veil = veil

    @property
    def newsgroups(self) -> Sequence[str]:
        """Where its articles are posted."""
        return self._newsgroups.split(",")

    def wire_id(self, message_id: bytes) -> str:
        """32 hexadecimal digits at the realm's domain."""
        return f"{message_id.hex()}@{self._domain}"

    def envelope(self, article: Article) -> Envelope:
        """Of an article that says which part of a file it is; `ValueError` of another."""
        part = article.part
        if part is None:
            raise ValueError("a plain article has a part")
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
        """Who an article is from."""
        if self._veil is None:
            return self._sender
        return shapes.sender(self._dice(self._veil, message_id, b"from"))

    def _dice(self, veil: bytes, seed: bytes, purpose: bytes) -> Dice:
        return Dice(hashlib.blake2b(seed, key=veil, person=purpose).digest())

    def name(self, path: bytes) -> str:
        """What a file is called in its articles."""
        return flat_name_1(path) if self._dress == 1 else flat_name(path)


def plain_subject(part: Part, name: str) -> str:
    """``"name.ext" yEnc (01/20) 12345678``; of a file in an NZB, that of its part 1.

    How many files there are is not known while they are found and posted, and so there is no
    counter of files; an NZB, which knows what it lists, puts one in front.

    SABnzbd and NZBGet take the quoted name. Only when it has no dot does NZBGet not believe
    it and take the subject's last word before ``yEnc (…)``: there the size is left out.
    """
    digits = len(str(part.total))
    size = f" {part.file_size}" if "." in name[1:] else ""
    return f'"{name}" yEnc ({part.number:0{digits}}/{part.total}){size}'


def _newsgroups(names: Sequence[str]) -> str:
    """On one line, each once."""
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
