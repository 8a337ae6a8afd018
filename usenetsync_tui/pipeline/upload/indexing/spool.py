"""New files on their way from the walk to the readers, which need not ask the catalogue for them.

The walk is much faster than the readers: what waits between them is in an unnamed temporary file,
so that it takes no memory. The rows of the same files are in the catalogue already, as pending:
a user acts on rows, and after that the readers go on with the catalogue's pages. A
spool that is closed, full or cannot be written costs only time. Refuses to know how a file is read.
"""

from __future__ import annotations

import marshal
import tempfile
from collections import deque
from collections.abc import Sequence
from typing import IO, cast

from usenetsync_tui.catalogue.tables.files import PendingFile
from usenetsync_tui.disk.source.sorted_names import spill_folder
from usenetsync_tui.model.entries import Entry, FileKind
from usenetsync_tui.model.path_keys import path_key

_MOST = 1 << 29
"""Bytes of the temporary file, at most. Files that do not fit come from the catalogue."""


class Spool:
    """Batches of new files, first in, first out. Use it on the event loop; close it at the end.

    What it gives is complete: it has every pending file up to the last one that was added.
    """

    def __init__(self, most: int = _MOST) -> None:
        """`most`: bytes of the temporary file."""
        self._most = most
        self._file: IO[bytes] | None = None
        self._batches: deque[tuple[int, int]] = deque()
        """Offset and size of each batch in the file."""
        self._end = 0
        self._is_closed = False
        self.is_open = False
        """Whether more may be added: from `open` on, until something prevents it."""

    def __bool__(self) -> bool:
        """Whether it has files to read."""
        return bool(self._batches)

    def open(self) -> None:
        """Begin, unless it is closed already. No file of the folder is pending in the catalogue."""
        self.is_open = not self._is_closed

    def add(self, entries: Sequence[Entry]) -> None:
        """Add those of some new paths that are to be read, in key order, if it is open."""
        files = [(*entry,) for entry in entries if entry.kind == FileKind.REGULAR]
        if not self.is_open or not files:
            return
        data = marshal.dumps(files)
        if self._end + len(data) > self._most:
            self.is_open = False
            return
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(dir=spill_folder(), buffering=0)
            self._file.seek(self._end)
            written = self._file.write(data)
        except OSError:
            written = 0  # no room: the readers take the catalogue's pages
        if written < len(data):
            self.is_open = False
            return
        self._batches.append((self._end, len(data)))
        self._end += len(data)

    def take(self) -> list[PendingFile]:
        """The next batch; empty when it has none now."""
        if not self._batches or self._file is None:
            return []
        at, size = self._batches.popleft()
        try:
            self._file.seek(at)
            data = self._file.read(size)
        except OSError:
            data = b""
        if len(data) < size:
            self.close()
            return []
        found = cast("list[tuple[object, ...]]", marshal.loads(data))
        entries = [Entry._make(values) for values in found]
        return [PendingFile(e, None, path_key(e.path), has_past=False) for e in entries]

    def close(self) -> None:
        """Forget everything, and take no more. A second call does nothing."""
        self._is_closed, self.is_open = True, False
        self._batches.clear()
        if self._file is not None:
            self._file.close()
            self._file = None
