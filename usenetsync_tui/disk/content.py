"""What a file's bytes have to be: their number and the strongest digest that is kept of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import NamedTuple, Protocol

import xxhash


class Digester(Protocol):
    """A digest that grows with the bytes it is given."""

    def update(self, data: bytes, /) -> None:
        """Take more bytes."""

    def digest(self) -> bytes:
        """The digest of all bytes so far."""


class Content(NamedTuple):
    """The bytes of a file, known by their digest."""

    size: int
    digest: bytes
    new: Callable[[], Digester]
    """Begins such a digest."""

    def is_of(self, data: bytes) -> bool:
        """Whether these are the bytes."""
        if len(data) != self.size:
            return False
        digest = self.new()
        digest.update(data)
        return digest.digest() == self.digest


def content_of(size: int, sha256: bytes | None, xxh3: bytes | None) -> Content | None:
    """The content of a row of `files`; None when the row has no digest of it.

    SHA-256 where it is known: it is the one that an attacker cannot meet. XXH3 (128 bits) of
    rows that have nothing else. A file without bytes needs no digest in its row.
    """
    if sha256 is None and xxh3 is None and size == 0:
        return Content(0, hashlib.sha256().digest(), hashlib.sha256)
    if sha256 is not None:
        return Content(size, sha256, hashlib.sha256)
    if xxh3 is not None:
        return Content(size, xxh3, xxhash.xxh3_128)
    return None
