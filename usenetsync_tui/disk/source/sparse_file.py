"""One open sparse file: its runs of bytes, read as if they were joined.

A file of a terabyte with a few bytes has an object of a few bytes. Offsets and sizes of the methods
are those of the object; holes are never read.
"""

from __future__ import annotations

from usenetsync_tui.disk.source.identity import Inodes
from usenetsync_tui.disk.source.source_file import SourceFile
from usenetsync_tui.model.entries import Entry
from usenetsync_tui.model.metadata.metadata import Extents


class SparseSourceFile(SourceFile):
    """A `SourceFile` with holes."""

    __slots__ = ("_extents",)

    def __init__(
        self, fd: int, entry: Entry, inodes: Inodes, began_ns: int, extents: Extents
    ) -> None:
        super().__init__(fd, entry, inodes, began_ns)
        self._extents = extents

    @property
    def extents(self) -> Extents | None:
        """Where it has bytes."""
        return self._extents

    def check_end(self, size: int) -> None:
        """Raise SourceFileError unless the file is what the walk saw."""
        self.check()

    def pieces(self, offset: int, size: int) -> list[tuple[int, int]]:
        """Where `read` finds its bytes in the file: offsets and sizes."""
        return [(piece.offset, piece.length) for piece in self._extents.pieces(offset, size)]

    def _read(self, offset: int, size: int) -> bytes:
        pieces = self.pieces(offset, size)
        return b"".join([super(SparseSourceFile, self)._read(*piece) for piece in pieces])
