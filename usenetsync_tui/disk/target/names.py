"""How names are really spelled in the directories of a restore's target.

On some file systems several names lead to one file: `README` and `readme`, ``é`` in one code
point or in two, a name with a dot behind it, a long name and its short form. A restore must
neither write the second of two such names over the first nor say that both are there. What
folds into what is different everywhere, so nothing is assumed: a name that is there although
its directory does not list it is there under another spelling.

Costs a listing for each directory that held something before, and nothing where all is new.
Memory is bounded: eight bytes a name, for some two million names. Thread-safe.
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
from usenetsync_tui.model.safe_name import safe_name

STEM = b".usenetsync-"
"""How temporary names begin, unless a path of the version has this in it."""
NAMES_IN_MEMORY = 2_000_000
_A_NAME = 8
"""Bytes."""
_SORTED = 1 << 16
"""Names sorted at a time: sorting takes four times the memory."""
_LIST = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC

Owner = Callable[[bytes], bytes | None]
"""The path of the version that an entry belongs to, by the path it is listed under; None: none."""


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
        """Take one in."""
        self._new.add(digest)
        if len(self._new) >= _SORTED:
            self._sorted.append(array("Q", sorted(self._new)))
            self._new = set()


def _weight(path: bytes, listing: DigestSet) -> int:
    return len(listing) + len(path) // _A_NAME


class TargetNames:
    """The real names of what is in the target; `owner` is asked when one is spelled otherwise."""

    def __init__(self, limit: int = NAMES_IN_MEMORY) -> None:
        self._lock = Lock()
        self._limit = limit
        self._listings: OrderedDict[bytes, DigestSet] = OrderedDict()
        self._held = 0
        """What they weigh, in names: a long path of a directory counts as several."""
        self.owner: Owner = lambda real: real
        self.folding = False
        """Whether a name was found under another spelling."""
        self.changing: set[int] = set()
        """Devices that do not keep names as they are given to them."""
        self.probe = STEM + b"names"
        """What a folder in which that is tried may be called."""

    def real(self, directory: int, real: bytes | None, name: bytes) -> bytes | None:
        """The path of the entry that `name` leads to, every component as it is spelled.

        `real` is that of the directory. None when the entry is not to be told from the others.
        Raises OSError.
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
        """A directory was made; the listing of the one around it, if there is one, knows it."""
        if real is None:
            return
        with self._lock:
            listing = self._listings.get(real)
            if listing is not None:
                listing.add(xxhash.xxh3_64_intdigest(name))
                self._held += 1

    def claim(self, directory: int, real: bytes | None, path: bytes, name: bytes) -> bool:
        """Make sure that what is there under `path` is that path's and no other's.

        True when it is spelled otherwise and may be replaced, for it is no other path's. Raises
        OSError, and TargetFileError when it is.
        """
        try:
            found = self.real(directory, real, name)
        except FileNotFoundError:
            return False  # Gone meanwhile: then it is nobody's.
        if found == path:
            return False
        self.refuse_taken(found, path)
        spelled = found[found.rfind(b"/") + 1 :] if found is not None else name
        return _composed(spelled) != _composed(name)

    def refuse_taken(self, found: bytes | None, path: bytes) -> None:
        """Raise TargetFileError when an entry, or the place of one, belongs to another path."""
        taker = self.taker(found, path)
        if taker is not None:
            raise TargetFileError(f"{taker} means the same on this file system")

    def taker(self, found: bytes | None, path: bytes) -> str | None:
        """The other path of the version that an entry belongs to, in words."""
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
        fresh = DigestSet()  # what was made since then is in this one
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
    """The names in a directory, by a descriptor of its own: others may be listing it too."""
    fd = os.open(b".", _LIST, dir_fd=directory)
    try:
        with os.scandir(fd) as entries:
            yield (os.fsencode(entry.name) for entry in entries)
    finally:
        os.close(fd)


def _spelled(directory: int, name: bytes) -> bytes | None:
    """The name of the entry that `name` leads to; None when it is not to be found out."""
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
    """What most of these file systems make of a name: case, composition, what is behind it."""
    if name.isascii():
        return name.lower().rstrip(b". ")
    text = name.decode("utf-8", "surrogateescape")
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return folded.rstrip(". ").encode("utf-8", "surrogatepass")


def _composed(path: bytes) -> str:
    return unicodedata.normalize("NFC", path.decode("utf-8", "surrogateescape"))
