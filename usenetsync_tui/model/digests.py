"""The digests that identify bytes: which algorithm a realm uses, and of what a file's digest is."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import NamedTuple


class DigestAlgorithm(StrEnum):
    """The hash function of a realm; both give 32 bytes. A realm never changes its own."""

    SHA256 = "sha256"
    BLAKE3 = "blake3"


class DigestKind(IntEnum):
    """How the digest of a file was made; `codec.digests` defines each of them."""

    SHA256 = 0
    """SHA-256 of all its bytes: of small files, and of the files that earlier programs stored."""
    BLAKE3 = 1
    """BLAKE3 of all its bytes: of small files."""
    SEGMENTS_SHA256 = 2
    """SHA-256 of the digests of its segments: of large files."""
    SEGMENTS_BLAKE3 = 3
    """BLAKE3 of the digests of its segments: of large files."""

    @property
    def algorithm(self) -> DigestAlgorithm:
        """The hash function of the file, and of its segments where it is made of those."""
        return _ALGORITHMS[self]

    @property
    def is_of_segments(self) -> bool:
        """Whether it is made of the digests of the file's segments."""
        return self >= DigestKind.SEGMENTS_SHA256

    @property
    def word(self) -> str:
        """Its name for users and programs: ``blake3``, ``segments-blake3``."""
        return ("segments-" if self.is_of_segments else "") + self.algorithm


_ALGORITHMS = (DigestAlgorithm.SHA256, DigestAlgorithm.BLAKE3) * 2
"""By kind."""


def kind_of(algorithm: DigestAlgorithm, *, of_segments: bool) -> DigestKind:
    """The kind of the digests that a realm with this algorithm makes."""
    if algorithm is DigestAlgorithm.SHA256:
        return DigestKind.SEGMENTS_SHA256 if of_segments else DigestKind.SHA256
    return DigestKind.SEGMENTS_BLAKE3 if of_segments else DigestKind.BLAKE3


class FileDigest(NamedTuple):
    """The digest of a file's content."""

    kind: DigestKind
    value: bytes
    """32 bytes."""

    def __str__(self) -> str:
        """Kind and hexadecimal digits: ``blake3:5f1c…``."""
        return f"{self.kind.word}:{self.value.hex()}"


def kind_in_row(kind: int | None) -> int | None:
    """What a row of `files` has for a `DigestKind`: none for SHA-256 of all bytes.

    The rows of earlier programs have none. `file_digest` reads it.
    """
    return kind or None


def file_digest(kind: int | None, value: bytes | None) -> FileDigest | None:
    """The digest in a row of `files`: without a kind it is SHA-256 of all bytes."""
    return None if value is None else FileDigest(DigestKind(kind or 0), value)
