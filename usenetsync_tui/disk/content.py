"""The expected bytes of a file: their number and their digest in the catalogue."""

from __future__ import annotations

from typing import NamedTuple

from usenetsync_tui.codec.digests import DIGEST_SIZE, Digester, digest_of, file_digester
from usenetsync_tui.model.digests import DigestKind, FileDigest
from usenetsync_tui.model.metadata.metadata import Extents


class Content(NamedTuple):
    """The bytes of a file, identified by their digest."""

    size: int
    kind: DigestKind
    digest: bytes
    segment_size: int
    """Bytes of the segments that the digest is made of; counts only for such a digest."""
    extents: Extents | None = None
    """Where the bytes lie in a sparse file; None: they are the file."""

    @property
    def file_size(self) -> int:
        """Bytes of the file, with its holes."""
        return self.size if self.extents is None else self.extents.size

    def new(self) -> Digester:
        """Begin a new digest of this kind, for bytes from front to end."""
        return file_digester(self.kind, self.size, self.segment_size)

    def is_of(self, data: bytes) -> bool:
        """Whether these are the bytes."""
        if len(data) != self.size:
            return False
        if self.kind.is_of_segments:
            digest = self.new()
            digest.update(data)
            return digest.digest() == self.digest
        return digest_of(self.kind.algorithm, data) == self.digest


def content_of(size: int, digest: FileDigest | None, segment_size: int | None) -> Content | None:
    """The content of a row of `files`; None when the row has no digest of it that can be right.

    `segment_size`: of the file's object, in bytes; None without an object. An empty file needs no
    digest in its row.
    """
    if digest is None and size == 0:
        return Content(0, DigestKind.BLAKE3, file_digester(DigestKind.BLAKE3, 0, 0).digest(), 0)
    if digest is None or len(digest.value) != DIGEST_SIZE:
        return None
    step = segment_size or 0
    if digest.kind.is_of_segments and (size < 1 or step < 1):
        return None
    return Content(size, digest.kind, digest.value, step)
