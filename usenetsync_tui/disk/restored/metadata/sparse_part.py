"""A sparse file during its restore: its runs of bytes are written as if they were joined.

Offsets and sizes of the methods are those of the object that holds the runs (`Extents`).
"""

from __future__ import annotations

import os

from usenetsync_tui.disk.holes import extents_of, gaps, whole
from usenetsync_tui.disk.restored.attributes import AttributeWriter
from usenetsync_tui.disk.restored.borrowed import BorrowedDirectory
from usenetsync_tui.disk.restored.overwriting import Overwriting
from usenetsync_tui.disk.restored.part_file import PartFile
from usenetsync_tui.disk.restored.publish import Publisher
from usenetsync_tui.model.metadata.metadata import Extent, Extents


class SparsePartFile(PartFile):
    """A `PartFile` with holes."""

    def __init__(
        self,
        directory: BorrowedDirectory,
        name: bytes,
        temp: bytes,
        extents: Extents,
        attributes: AttributeWriter,
        publisher: Publisher,
        overwriting: Overwriting,
    ) -> None:
        self._extents = extents
        super().__init__(directory, name, temp, extents.size, attributes, publisher, overwriting)

    def has_data(self, offset: int, size: int) -> bool:
        """False when nothing was ever written to this range; cheap."""
        return any(super(SparsePartFile, self).has_data(*p) for p in self._pieces(offset, size))

    def read(self, offset: int, size: int) -> bytes:
        """The bytes there now, `size` at most."""
        pieces = self._pieces(offset, size)
        return b"".join([super(SparsePartFile, self).read(*piece) for piece in pieces])

    def write(self, offset: int, data: bytes | memoryview) -> None:
        """Write all of `data` at `offset`."""
        view = memoryview(data)
        for piece in self._pieces(offset, len(view)):
            super().write(piece.offset, view[: piece.length])
            view = view[piece.length :]

    def _pieces(self, offset: int, size: int) -> list[Extent]:
        return self._extents.pieces(offset, size)

    def _reserve(self) -> None:
        """Give it its size. What another version's run has left where holes belong goes."""
        size = os.fstat(self._fd).st_size
        if self.resumed and size:
            found = extents_of(self._fd, size) or whole(size)
            if size != self._size or any(gaps(found, self._extents)):
                os.ftruncate(self._fd, 0)
        os.ftruncate(self._fd, self._size)
