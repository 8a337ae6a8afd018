"""Paths longer than a key, in the order of the catalogue, in memory that is bounded in bytes.

The catalogue orders paths that share a key's head by their digests, not as the walk does: all of
them must be seen before the first can be handed on. Their entries go to an unnamed temporary file
once they are more than `IN_MEMORY` bytes; only the digest and the offset of each stay in memory.
"""

from __future__ import annotations

import marshal
import tempfile
from collections.abc import Iterator
from operator import itemgetter
from typing import IO, cast

from usenetsync_tui.disk.source.scan import ScanBatch
from usenetsync_tui.disk.source.sorted_names import spill_folder
from usenetsync_tui.errors import SourceError
from usenetsync_tui.model.entries import Entry
from usenetsync_tui.model.path_keys import KEY_HEAD, key_head, key_tail

IN_MEMORY = 1 << 20
"""Bytes of entries before they go to a file, and of those handed on at once."""
_BATCH = 1_000
_PATH = itemgetter(Entry._fields.index("path"))


class LongPaths:
    """Entries whose paths share a head. Use it again after `in_key_order`; close it at the end."""

    def __init__(self, in_memory: int = IN_MEMORY) -> None:
        self._most = in_memory
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(in_memory, dir=spill_folder())
        self._spilled: list[tuple[bytes, int, int]] = []
        self._end = 0
        self.head = b""
        """The head that the held paths share."""

    def __bool__(self) -> bool:
        return bool(self._spilled)

    def add(self, entry: Entry) -> None:
        """Add an entry; `SourceError` when the temporary file cannot be written."""
        self.head = key_head(entry.path)
        data = marshal.dumps((*entry,))
        try:
            self._file.write(data)
        except OSError as caught:
            raise SourceError(
                "The folder has too many long paths to sort in memory, and the temporary file for "
                f"them cannot be written: {caught.strerror}",
                whole=True,
            ) from caught
        self._spilled.append((key_tail(entry.path), self._end, len(data)))
        self._end += len(data)

    def in_key_order(self) -> Iterator[list[Entry]]:
        """All entries, in batches; afterwards none is held."""
        batch: list[Entry] = []
        size = 0
        for _, at, length in sorted(self._spilled):
            self._file.seek(at)
            batch.append(
                Entry._make(cast("tuple[object, ...]", marshal.loads(self._file.read(length))))
            )
            size += length
            if size >= self._most or len(batch) >= _BATCH:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch
        self._file.seek(0)
        self._file.truncate()
        self._spilled.clear()
        self._end = 0

    def close(self) -> None:
        """Drop the temporary file."""
        self._file.close()


def in_key_order(batches: Iterator[ScanBatch]) -> Iterator[ScanBatch]:
    """Sort paths longer than a key by their digests, as the catalogue does."""
    held = LongPaths()
    try:
        for batch in batches:
            if not held and max(map(len, map(_PATH, batch.entries)), default=0) <= KEY_HEAD:
                yield batch
                continue
            # Unreadable paths go first, before any entry that sorts after them.
            yield ScanBatch([], batch.problems, batch.kept, batch.excluded)
            entries: list[Entry] = []
            for entry in batch.entries:
                path = entry.path
                if held and key_head(path) != held.head:
                    yield ScanBatch(entries, [], [])
                    entries = []
                    for some in held.in_key_order():
                        yield ScanBatch(some, [], [])
                if len(path) > KEY_HEAD:
                    held.add(entry)
                else:
                    entries.append(entry)
            yield ScanBatch(entries, [], [])
        for some in held.in_key_order():
            yield ScanBatch(some, [], [])
    finally:
        held.close()
