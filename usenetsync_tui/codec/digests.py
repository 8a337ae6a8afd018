"""Digests of segments and files: SHA-256 and BLAKE3 behind one interface, and how they combine.

**Segment.** The digest of a segment is H(its bytes), where H is the hash function of its realm:
SHA-256 (FIPS 180-4) or BLAKE3 (its default mode: no key, no context). Both give 32 bytes.

**Small file.** The digest of a file in a pack is H(its bytes).

**Large file.** The digest of a file that is an object of its own is made of the digests of its
segments, so that the file is digested once, segment by segment, in whatever order. It is H over
these bytes, all integers unsigned and big-endian::

    offset  length  content
    0       32      the ASCII text "usenetsync: file of segments, 1", then one byte 0
    32      8       the size of the file in bytes, at least 1
    40      8       the size of a segment in bytes, at least 1; the last one may be shorter
    48      32 × n  the digests of segments 0 to n-1 in order, n = ceil(file size / segment size)

Segment i holds the bytes from i × segment size on. The sizes are part of it, so the same bytes cut
in another way have another digest; equal digests mean equal bytes. The text at the beginning
separates these bytes from all others that a realm digests in practice, and the kind of a digest
(`model.digests.DigestKind`) is recorded beside it.

Test vectors for the file "abcdefghij" (10 bytes) in segments of 4 ("abcd", "efgh", "ij"), in
hexadecimal::

    SHA-256  segment 0  88d4266fd4e6338d13b845fcf289579d209c897823b9217da3e161936f031589
             segment 1  e5e088a0b66163a0a26a5e053d2a4496dc16ab6e0e3dd1adf2d16aa84a078c9d
             segment 2  c9df9c3f2963b19b9b95f58c4d33b053fa9f8586dd6ee04126e52a868f882108
             file       ab77fab9f7110d314552ba457cfa89148f88b71f57e74a0711769a55bccef0cd
    BLAKE3   segment 0  8c9c9881805d1a847102d7a42e58b990d088dd88a84f7314d71c838107571f2b
             segment 1  23cb6e2cef673ae06ea53be5341a710062d1ee5382de081a7af2fdae11d69715
             segment 2  39bc8622714ff14cca58528d70860c1c15e817039084bbacfecb03ba0e97f0ce
             file       c0a5e4db1f9c0b991db84ec67b85e1f52f7a73be46e73cf805d6d525b4f89543

The same file in one segment of 10::

    SHA-256  file       127bd56eb08d305e1436568e8c3335e054dc4a3446342110e1f37d91cfef8a49
    BLAKE3   file       204d3e8bf3d4fa0c5f90846b33e196fa23c0aac712414c82bf4cbdfde757231c
"""

from __future__ import annotations

import hashlib
from typing import Protocol

from blake3 import blake3

from usenetsync_tui.model.digests import DigestAlgorithm, DigestKind

DIGEST_SIZE = 32
"""Bytes of every digest."""
_DOMAIN = b"usenetsync: file of segments, 1\0"


class Digester(Protocol):
    """A digest over bytes that arrive in pieces."""

    def update(self, data: bytes | memoryview, /) -> object:
        """Take more bytes."""

    def digest(self) -> bytes:
        """The digest of all bytes so far."""


def digest_of(algorithm: DigestAlgorithm, data: bytes | memoryview) -> bytes:
    """The digest of a segment or a small file. Releases the GIL except for very small ones."""
    if algorithm is DigestAlgorithm.SHA256:
        return hashlib.sha256(data).digest()
    return blake3(data).digest()


def new_digester(algorithm: DigestAlgorithm) -> Digester:
    """Begin the digest of some bytes."""
    return hashlib.sha256() if algorithm is DigestAlgorithm.SHA256 else blake3()


class SegmentsDigest:
    """The digest of a large file, made of the digests of its segments."""

    def __init__(self, algorithm: DigestAlgorithm, size: int, segment_size: int) -> None:
        """`ValueError` for sizes in bytes that no file of segments has."""
        if size < 1 or segment_size < 1:
            raise ValueError("A file of segments has at least one byte, and so has a segment.")
        self._hash = new_digester(algorithm)
        self._hash.update(_DOMAIN + size.to_bytes(8) + segment_size.to_bytes(8))
        self._missing = -(-size // segment_size)

    def add(self, digest: bytes) -> None:
        """Take the digest of the next segment. `ValueError` for one that does not belong."""
        if not self._missing or len(digest) != DIGEST_SIZE:
            raise ValueError("This digest is not one of the file's segments.")
        self._missing -= 1
        self._hash.update(digest)

    def digest(self) -> bytes | None:
        """The digest of the file; None while segments are missing."""
        return None if self._missing else self._hash.digest()


class _SlicedDigest:
    """The digest of a large file from its bytes: cuts them into segments. A `Digester`."""

    def __init__(self, algorithm: DigestAlgorithm, size: int, segment_size: int) -> None:
        self._algorithm = algorithm
        self._segments = SegmentsDigest(algorithm, size, segment_size)
        self._step = segment_size
        self._left = size
        """Bytes to come; negative when there were too many."""
        self._segment = new_digester(algorithm)
        self._room = min(segment_size, size)
        """Bytes to come in this segment."""

    def update(self, data: bytes | memoryview, /) -> None:
        rest = memoryview(data)
        self._left -= len(rest)
        while len(rest) and self._room:
            part, rest = rest[: self._room], rest[self._room :]
            self._segment.update(part)
            self._room -= len(part)
            if not self._room:
                self._segments.add(self._segment.digest())
                self._segment = new_digester(self._algorithm)
                self._room = min(self._step, self._left + len(rest))

    def digest(self) -> bytes:
        """Empty, which equals no digest, if these are not as many bytes as the file has."""
        return (self._segments.digest() or b"") if not self._left else b""


def file_digester(kind: DigestKind, size: int, segment_size: int) -> Digester:
    """Begin the digest of a file of `size` bytes that is read from front to end.

    `segment_size` in bytes; it counts only if the digest is made of segments. `ValueError` for
    sizes that no file of segments has.
    """
    if kind.is_of_segments:
        return _SlicedDigest(kind.algorithm, size, segment_size)
    return new_digester(kind.algorithm)
