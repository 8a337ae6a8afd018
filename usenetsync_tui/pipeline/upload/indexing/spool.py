"""New files on their way from the walk to the readers, which need not ask the catalogue for them.

The walk is much faster than the readers: what waits between them is in an unnamed temporary file,
so that it takes no memory. A small file that waits has no row: its row is written once, when it is
planned. So nothing but the next walk knows of the file if the run is killed, and a run that
cannot read the temporary file fails. Whoever needs rows of the files that wait takes them from the
end (`last`) and writes them. Refuses to know how a file is read.
"""

from __future__ import annotations

import marshal
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any, NamedTuple, cast

from usenetsync_tui.catalogue.tables.files import PendingFile
from usenetsync_tui.disk.source.sorted_names import spill_folder
from usenetsync_tui.errors import SourceError
from usenetsync_tui.model.entries import Entry, FileKind
from usenetsync_tui.model.path_keys import KEY_HEAD, path_key

_PATH, _BYTES = Entry._fields.index("path"), Entry._fields.index("size")
_MOST = 1 << 29
"""Bytes of the temporary file, at most. Files that do not fit come from the catalogue."""


class _Batch(NamedTuple):
    """Where some files are in the temporary file."""

    offset: int
    size: int
    rowless: bool
    """Whether the small ones of them have no row."""


class Spool:
    """Batches of new files, first in, first out. Use it on the event loop; close it at the end.

    What it gives is complete: it has every file to read up to the last one that was added.
    """

    def __init__(self, most: int = _MOST) -> None:
        """`most`: bytes of the temporary file."""
        self._most = most
        self._small = -1
        self._file: IO[bytes] | None = None
        self._batches: deque[_Batch] = deque()
        self._end = 0
        self._is_closed = False
        self.is_open = False
        """Whether more may be added: from `open` on, until something prevents it."""

    def __bool__(self) -> bool:
        """Whether it has files to read."""
        return bool(self._batches)

    def open(self, small: int) -> None:
        """Begin, unless it is closed already. No file of the folder is pending in the catalogue.

        `small`: the most bytes of a file that may wait without a row; -1: each needs one.
        """
        self.is_open, self._small = not self._is_closed, small

    def split(self, entries: list[Entry]) -> tuple[list[Entry], list[Entry]]:
        """Those of some new paths that need rows now, and those that do not if they are added.

        All of the first batch do: a run that resumes this one must see that there were files.
        """
        if not self.is_open or not self._end:
            return entries, []
        split: tuple[list[Entry], list[Entry]] = [], []
        for entry in entries:
            split[entry.kind == FileKind.REGULAR and entry.size <= self._small].append(entry)
        return split

    def add(self, entries: Sequence[Entry], *, rowless: bool = False) -> bool:
        """Add those of some new paths that are to be read, in key order; False: it is not open.

        All of them have rows, or `rowless`, all but the small ones.
        """
        files = [(*entry,) for entry in entries if entry.kind == FileKind.REGULAR]
        if not self.is_open or not files:
            return self.is_open
        data = marshal.dumps(files)
        if self._end + len(data) > self._most:
            self.is_open = False
            return False
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(dir=spill_folder(), buffering=0)
            self._file.seek(self._end)
            written = self._file.write(data)
        except OSError:
            written = 0  # no room: the readers take the catalogue's pages
        if written < len(data):
            self.is_open = False
            return False
        self._batches.append(_Batch(self._end, len(data), rowless))
        self._end += len(data)
        return True

    def take(self) -> list[PendingFile]:
        """The next batch; empty when it has none now. Raises SourceError."""
        return self._read(self._batches.popleft()) if self._batches else []

    def last(self) -> list[PendingFile]:
        """The last batch, which stays; from now on nothing is added behind it.

        Empty when it has none. Raises SourceError.
        """
        self.is_open = False
        return self._read(self._batches[-1]) if self._batches else []

    def drop_last(self) -> None:
        """Forget the last batch: the catalogue has all its files, and all that follow."""
        if self._batches:  # else it was closed meanwhile
            self._batches.pop()

    def _read(self, batch: _Batch) -> list[PendingFile]:
        assert self._file is not None  # it has the batch
        try:
            self._file.seek(batch.offset)
            data = self._file.read(batch.size)
        except OSError as caught:
            raise SourceError(f"the temporary file of new files: {caught.strerror}") from caught
        if len(data) < batch.size:
            raise SourceError("the temporary file of new files has become shorter")
        found = cast("list[tuple[Any, ...]]", marshal.loads(data))
        return [*_pending(found, self._small if batch.rowless else -1)]

    def close(self) -> None:
        """Forget everything, and take no more. A second call does nothing."""
        self._is_closed, self.is_open = True, False
        self._batches.clear()
        if self._file is not None:
            self._file.close()
            self._file = None


def _pending(found: Iterable[tuple[Any, ...]], small: int) -> Iterator[PendingFile]:
    """New files; those of at most `small` bytes have no row."""
    new = tuple.__new__  # each of three million files comes by here
    for fields in found:
        key = path = fields[_PATH]
        if len(path) > KEY_HEAD:
            key = path_key(path)
        has_row = fields[_BYTES] > small
        yield new(PendingFile, (new(Entry, fields), None, key, None, False, False, has_row))
