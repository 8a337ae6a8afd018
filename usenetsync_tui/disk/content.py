"""The expected bytes of a file: their number and the strongest digest in the catalogue."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import NamedTuple, Protocol

import xxhash


class Digester(Protocol):
    """A digest over bytes that arrive in pieces."""

    def update(self, data: bytes, /) -> None:
        """Take more bytes."""

    def digest(self) -> bytes:
        """The digest of all bytes so far."""


class Content(NamedTuple):
    """The bytes of a file, identified by their digest."""

    size: int
    digest: bytes
    new: Callable[[], Digester]
    """Begins a new digest of this kind."""

    def is_of(self, data: bytes) -> bool:
        """Whether these are the bytes."""
        if len(data) != self.size:
            return False
        digest = self.new()
        digest.update(data)
        return digest.digest() == self.digest


def content_of(size: int, sha256: bytes | None, xxh3: bytes | None) -> Content | None:
    """The content of a row of `files`; None when the row has no digest of it.

    SHA-256 if the row has it, because an attacker cannot forge it; else XXH3 (128 bits). An empty
    file needs no digest in its row.
    """
    if sha256 is None and xxh3 is None and size == 0:
        return Content(0, hashlib.sha256().digest(), hashlib.sha256)
    if sha256 is not None:
        return Content(size, sha256, hashlib.sha256)
    if xxh3 is not None:
        return Content(size, xxh3, xxhash.xxh3_128)
    return None
