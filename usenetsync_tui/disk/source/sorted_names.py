"""A directory's names in byte order, however many there are.

Knows how to list and sort; refuses to know what the names stand for. A *key* is a name as the
walk orders it: the bytes the kernel gave, with ``/`` behind a directory's. Names are held in
memory up to a limit over all open directories together; what goes beyond is written in
sorted runs to one unnamed temporary file and merged when read. Directories are finished in
reverse order of their listing, so that file is a stack, and one descriptor does for all.
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
"""Names held at once before they are spilled."""

_CHUNK = 5_000
"""Directory entries taken at a time: they weigh several times their names."""
_BLOCK = 16_384
"""Bytes read at a time from each run of a merge."""
_ENCODING = sys.getfilesystemencoding()
_ERRORS = sys.getfilesystemencodeerrors()


class SortedListing:
    """One directory's keys, to be read once; `error` is what cut the listing short."""

    __slots__ = ("error", "held", "keys", "start")

    def __init__(self, keys: Iterator[bytes], held: int, start: int, error: OSError | None) -> None:
        self.keys = keys
        self.held = held
        self.start = start
        self.error = error


class NameSorter:
    """Lists directories; not for use by several threads at once.

    `limit` is the number of names in memory, `floor` what every single directory may hold
    even when its ancestors have used the limit up.
    """

    def __init__(self, limit: int = NAMES_IN_MEMORY, floor: int = 1_000) -> None:
        self._limit = limit
        self._floor = min(floor, limit)
        self._held = 0
        self._spill: BinaryIO | None = None
        self._end = 0

    def list(self, fd: int) -> SortedListing:
        """List an open directory; release the listing before the one listed earlier.

        Raises OSError when it cannot be listed at all; a listing that breaks off half way
        carries the error and the names read so far.
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
        # A name may be listed twice while the directory changes, so in two runs.
        merged = (key for key, _ in groupby(merge(*runs)))
        return SortedListing(merged, 0, start, error)

    def release(self, listing: SortedListing) -> None:
        """Give back the room of the listing made last."""
        self._held -= listing.held
        if self._spill is not None and listing.start < self._end:
            self._end = listing.start
            self._spill.truncate(self._end)

    def close(self) -> None:
        """Drop the temporary file."""
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
                f"them cannot be written: {caught.strerror}"
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
        # The file system gives no types and one could not be looked up: name by name.
        return {_key(entry) for entry in chunk}


def _key(entry: os.DirEntry[str]) -> bytes:
    name = entry.name.encode(_ENCODING, _ERRORS)
    try:
        return name + b"/" if entry.is_dir(follow_symlinks=False) else name
    except OSError:
        return name  # The walk asks again, and reports what it hears.


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
    """Where TMPDIR says, else /var/tmp: /tmp is often memory, which is what is to be saved."""
    if os.environ.get("TMPDIR") or not os.access("/var/tmp", os.W_OK):
        return None
    return "/var/tmp"
