"""A directory's names in byte order, however many there are.

Knows how to list and sort; refuses to know what the names stand for. A *key* is a name as the
walk orders it: the bytes the kernel gave, with ``/`` after a directory's. The sorter holds names
in memory up to a limit over all open directories together; it writes the rest in sorted runs to
one unnamed temporary file and merges them on reading. Directories end in reverse order of their
listing, so that file is a stack, and one descriptor is enough.
"""

from __future__ import annotations

import errno
import os
import sys
import tempfile
from collections.abc import Iterator
from heapq import merge
from itertools import groupby, islice
from typing import BinaryIO

from usenetsync_tui.errors import SourceError

NAMES_IN_MEMORY = 50_000
"""Names in memory before the sorter writes to the temporary file."""

_CHUNK = 5_000
"""Directory entries read at a time: one takes several times the memory of its name."""
_BLOCK = 16_384
"""Bytes read at a time from each run of a merge."""
_ENCODING = sys.getfilesystemencoding()
_ERRORS = sys.getfilesystemencodeerrors()


class SortedListing:
    """One directory's keys, to be read once; `error` is why the listing is incomplete."""

    __slots__ = ("error", "held", "keys", "start")

    def __init__(self, keys: Iterator[bytes], held: int, start: int, error: OSError | None) -> None:
        self.keys = keys
        self.held = held
        self.start = start
        self.error = error


class NameSorter:
    """Lists directories; only one thread at a time may use it.

    `limit` is the number of names in memory, `floor` the number that every directory may hold
    even if its ancestors have used up the limit.
    """

    def __init__(self, limit: int = NAMES_IN_MEMORY, floor: int = 1_000) -> None:
        self._limit = limit
        self._floor = min(floor, limit)
        self._held = 0
        self._spill: BinaryIO | None = None
        self._end = 0

    def list(self, fd: int) -> SortedListing:
        """List an open directory; release the listing before the one listed earlier.

        Raises OSError when it cannot be listed at all; a listing that fails half way has the
        error and the names read so far.
        """
        room = max(self._limit - self._held, self._floor)
        keys: set[bytes] = set()
        runs: list[Iterator[bytes]] = []
        start = self._end
        error: OSError | None = None
        with os.scandir(fd) as entries:
            taken = _CHUNK
            while taken == _CHUNK:
                chunk: list[os.DirEntry[str]] = []
                try:
                    chunk.extend(islice(entries, _CHUNK))
                except OSError as caught:
                    error = caught
                taken = len(chunk)
                keys |= _keys(chunk)
                if len(keys) >= room:
                    runs.append(self._write_run(keys))
                    keys = set()
        if not runs:
            self._held += len(keys)
            return SortedListing(iter(sorted(keys)), len(keys), start, error)
        runs.append(self._write_run(keys))
        # The kernel may list a name twice while the directory changes, so in two runs.
        merged = (key for key, _ in groupby(merge(*runs)))
        return SortedListing(merged, 0, start, error)

    def release(self, listing: SortedListing) -> None:
        """Free the memory and file space of the latest listing."""
        self._held -= listing.held
        if self._spill is not None and listing.start < self._end:
            self._end = listing.start
            self._spill.truncate(self._end)

    def close(self) -> None:
        """Delete the temporary file."""
        if self._spill is not None:
            self._spill.close()
            self._spill = None

    def _write_run(self, keys: set[bytes]) -> Iterator[bytes]:
        data = b"".join(key + b"\0" for key in sorted(keys))
        begin = self._end
        try:
            if self._spill is None:
                self._spill = tempfile.TemporaryFile(dir=spill_folder(), buffering=0)
            fd = self._spill.fileno()
            written = 0
            while written < len(data):
                written += os.pwrite(fd, data[written:], begin + written)
        except OSError as caught:
            raise SourceError(
                "A directory has too many names to sort in memory, and the temporary file for "
                f"them cannot be written: {caught.strerror}",
                whole=True,
            ) from caught
        self._end += len(data)
        return _read_run(fd, begin, self._end)


def _keys(chunk: list[os.DirEntry[str]]) -> set[bytes]:
    try:
        return {
            entry.name.encode(_ENCODING, _ERRORS) + b"/"
            if entry.is_dir(follow_symlinks=False)
            else entry.name.encode(_ENCODING, _ERRORS)
            for entry in chunk
        }
    except OSError:
        # The file system gives no types and one stat failed: name by name.
        return {_key(entry) for entry in chunk}


def _key(entry: os.DirEntry[str]) -> bytes:
    name = entry.name.encode(_ENCODING, _ERRORS)
    try:
        return name + b"/" if entry.is_dir(follow_symlinks=False) else name
    except OSError:
        return name  # The walk tries again, and reports the error.


def _read_run(fd: int, position: int, end: int) -> Iterator[bytes]:
    tail = b""
    while position < end:
        block = os.pread(fd, min(_BLOCK, end - position), position)
        if not block:
            raise OSError(errno.EIO, "the temporary file of names is cut short")
        position += len(block)
        *keys, tail = (tail + block).split(b"\0")
        yield from keys


def spill_folder() -> str | None:
    """TMPDIR, else /var/tmp: /tmp is often in memory, which the sorter must save."""
    if os.environ.get("TMPDIR") or not os.access("/var/tmp", os.W_OK):
        return None
    return "/var/tmp"
