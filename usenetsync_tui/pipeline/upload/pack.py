"""pack: decides which files share a pack, in path order; `read` joins their bytes.

A pack is the files' bytes in a row and fills one segment; the catalogue has each file's offset.
"""

from __future__ import annotations

from dataclasses import dataclass

from usenetsync_tui.catalogue.tables.files import PendingFile
from usenetsync_tui.model.segments import PACK_LIMIT

PACK_FILES = 2_000
"""Most files in a pack: a segment would hold 768,000 of one byte, and their rows cost more."""
_PATHS = 1 << 20
"""Bytes of paths after which a pack is full."""


def small_limit(segment_size: int, *, packing: bool) -> int:
    """The most bytes of a small file: small files are read many at a time."""
    return min(PACK_LIMIT, segment_size) if packing else 0


@dataclass(frozen=True, slots=True)
class PackUnit:
    """Small files to be read together: at most a segment by the sizes the walk saw."""

    files: tuple[PendingFile, ...]
    size: int


@dataclass(frozen=True, slots=True)
class FileUnit:
    """A file that becomes an object of its own."""

    file: PendingFile


Unit = PackUnit | FileUnit


class Packer:
    """Turns a stream of pending files into units of reading.

    `segment_size` is in bytes. Without `packing` every file is a unit of its own, except that
    files of size 0 are still read many at a time.
    """

    def __init__(self, segment_size: int, *, packing: bool) -> None:
        self._room = segment_size
        self._limit = small_limit(segment_size, packing=packing)
        self._files: list[PendingFile] = []
        self._size = 0
        self._paths = 0
        """Bytes of the paths of its files."""

    def add(self, file: PendingFile) -> list[Unit]:
        """Add a file; returns the units that it completes."""
        size = file.entry.size
        if size > self._limit:
            return [FileUnit(file)]
        full = self._size + size > self._room or len(self._files) >= PACK_FILES
        units = self.flush() if full or self._paths >= _PATHS else []
        self._files.append(file)
        self._size += size
        self._paths += len(file.entry.path)
        return units

    def flush(self) -> list[Unit]:
        """The pack begun so far, if any."""
        if not self._files:
            return []
        unit = PackUnit(tuple(self._files), self._size)
        self._files, self._size, self._paths = [], 0, 0
        return [unit]
