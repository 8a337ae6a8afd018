"""The actual spelling of names in the directories of a restore's target.

On some file systems several names lead to one file: `README` and `readme`, ``é`` in one code
point or in two, a name with a dot after it, a long name and its short form. A restore must
neither write the second of two such names over the first nor report that both exist. Each file
system has its own rules, so this module assumes none: if a name exists but its directory does not
list it, it exists under another spelling.

Lists each directory that was not empty before, and no new one. Memory is bounded: eight bytes a
name, for some two million names. Thread-safe.
"""

from __future__ import annotations

import os
import unicodedata
from array import array
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import Lock

import xxhash

from usenetsync_tui.errors import TargetFileError
from usenetsync_tui.model.text.safe_name import safe_name

STEM = b".usenetsync-"
"""The start of temporary names, unless a path of the version contains it."""
NAMES_IN_MEMORY = 2_000_000
_A_NAME = 8
"""Bytes."""
_SORTED = 1 << 16
"""Names sorted at a time: sorting takes four times the memory."""
_LIST = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC

Owner = Callable[[bytes], bytes | None]
"""Gives the version's path for an entry, by the path it is listed under; None: no such path."""


class DigestSet:
    """A set of 64-bit digests, in little more than eight bytes each."""

    def __init__(self) -> None:
        self._sorted: list[array[int]] = []
        self._new: set[int] = set()

    def __len__(self) -> int:
        return len(self._new) + sum(map(len, self._sorted))

    def __contains__(self, digest: int) -> bool:
        if digest in self._new:
            return True
        for block in self._sorted:
            at = bisect_left(block, digest)
            if at < len(block) and block[at] == digest:
                return True
        return False

    def add(self, digest: int) -> None:
        """Add a digest."""
        self._new.add(digest)
        if len(self._new) >= _SORTED:
            self._sorted.append(array("Q", sorted(self._new)))
            self._new = set()


def _weight(path: bytes, listing: DigestSet) -> int:
    return len(listing) + len(path) // _A_NAME


class TargetNames:
    """The actual names in the target; it asks `owner` about a name with another spelling."""

    def __init__(self, limit: int = NAMES_IN_MEMORY) -> None:
        self._lock = Lock()
        self._limit = limit
        self._listings: OrderedDict[bytes, DigestSet] = OrderedDict()
        self._held = 0
        """Their memory, in names: a long path of a directory counts as several."""
        self.owner: Owner = lambda real: real
        self.folding = False
        """Whether a name was found under another spelling."""
        self.changing: set[int] = set()
        """Devices whose file system changes names."""
        self.probe = STEM + b"names"
        """The name of the folder in which `probe` tests that."""

    def real(self, directory: int, real: bytes | None, name: bytes) -> bytes | None:
        """The path of the entry that `name` leads to, with the actual spelling of every component.

        `real` is the directory's. None when the entry cannot be told from others. Raises OSError.
        """
        if real is None:
            return None
        if self._is_listed(directory, real, name):
            return real + name
        spelled = _spelled(directory, name)
        if spelled is None:
            return None
        self.folding |= spelled != name
        return real + spelled

    def made(self, real: bytes | None, name: bytes) -> None:
        """Add a directory that the caller has made to the listing of its parent, if any."""
        if real is None:
            return
        with self._lock:
            listing = self._listings.get(real)
            if listing is not None:
                listing.add(xxhash.xxh3_64_intdigest(name))
                self._held += 1

    def claim(self, directory: int, real: bytes | None, path: bytes, name: bytes) -> bool:
        """Make sure that the entry under `path` belongs to that path and to no other.

        True when it has another spelling but belongs to no other path, so that the caller may
        replace it. Raises OSError, and TargetFileError when it belongs to another path.
        """
        try:
            found = self.real(directory, real, name)
        except FileNotFoundError:
            return False  # Gone meanwhile: it belongs to no path.
        if found == path:
            return False
        self.refuse_taken(found, path)
        spelled = found[found.rfind(b"/") + 1 :] if found is not None else name
        return _composed(spelled) != _composed(name)

    def refuse_taken(self, found: bytes | None, path: bytes) -> None:
        """Raise TargetFileError when an entry, existing or not, belongs to another path."""
        taker = self.taker(found, path)
        if taker is not None:
            raise TargetFileError(f"{taker} means the same on this file system")

    def taker(self, found: bytes | None, path: bytes) -> str | None:
        """The other path of the version that an entry belongs to, as text; None: no other."""
        if found is None:
            return "another name"
        owner = path if found == path else self.owner(found)
        return None if owner is None or owner == path else safe_name(owner)

    def _is_listed(self, directory: int, real: bytes, name: bytes) -> bool:
        digest = xxhash.xxh3_64_intdigest(name)
        with self._lock:
            listing = self._listings.get(real)
            if listing is not None:
                self._listings.move_to_end(real)
                if digest in listing:
                    return True
        fresh = DigestSet()  # a new listing has the entries made since then
        with names_in(directory) as names:
            for other in names:
                fresh.add(xxhash.xxh3_64_intdigest(other))
        with self._lock:
            before = self._listings.pop(real, None)
            self._held += _weight(real, fresh) - (_weight(real, before) if before else 0)
            self._listings[real] = fresh
            self._shrink()
        return digest in fresh

    def _shrink(self) -> None:
        while self._held > self._limit and len(self._listings) > 1:
            self._held -= _weight(*self._listings.popitem(last=False))


@contextmanager
def names_in(directory: int) -> Iterator[Iterator[bytes]]:
    """The names in a directory, through a new descriptor: other threads may list it, too."""
    fd = os.open(b".", _LIST, dir_fd=directory)
    try:
        with os.scandir(fd) as entries:
            yield (os.fsencode(entry.name) for entry in entries)
    finally:
        os.close(fd)


def _spelled(directory: int, name: bytes) -> bytes | None:
    """The listed name of the entry that `name` leads to; None when it cannot be found."""
    wanted, alike = folded(name), []
    with names_in(directory) as names:
        for other in names:
            if other == name:
                return name
            if folded(other) == wanted:
                alike.append(other)
    if len(alike) == 1:
        return alike[0]
    status = os.stat(name, dir_fd=directory, follow_symlinks=False)
    if alike:
        return _same_file(directory, status, alike)
    with names_in(directory) as names:
        return _same_file(directory, status, names)


def _same_file(directory: int, status: os.stat_result, names: Iterable[bytes]) -> bytes | None:
    for name in names:
        try:
            found = os.stat(name, dir_fd=directory, follow_symlinks=False)
        except FileNotFoundError:
            continue
        if os.path.samestat(found, status):
            return name
    return None


def folded(name: bytes) -> bytes:
    """A name as most such file systems compare it: case, composition, trailing dots and spaces."""
    if name.isascii():
        return name.lower().rstrip(b". ")
    text = name.decode("utf-8", "surrogateescape")
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return folded.rstrip(". ").encode("utf-8", "surrogatepass")


def _composed(path: bytes) -> str:
    return unicodedata.normalize("NFC", path.decode("utf-8", "surrogateescape"))
