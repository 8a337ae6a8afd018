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

NAMES_IN_MEMORY = 2_000_000
_SORTED = 1 << 16
"""Names sorted at a time: sorting takes four times the memory."""
_LIST = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC

InVersion = Callable[[bytes], bool]
"""Whether the version that is restored has a path, as a file, a symlink or a directory."""


class _Listing:
    """The names of one directory, as sorted 64-bit digests of them."""

    def __init__(self, names: Iterator[bytes]) -> None:
        self._sorted: list[array[int]] = []
        self._new: set[int] = set()
        for name in names:
            self.add(name)

    def __len__(self) -> int:
        return len(self._new) + sum(map(len, self._sorted))

    def __contains__(self, name: bytes) -> bool:
        digest = xxhash.xxh3_64_intdigest(name)
        if digest in self._new:
            return True
        for block in self._sorted:
            at = bisect_left(block, digest)
            if at < len(block) and block[at] == digest:
                return True
        return False

    def add(self, name: bytes) -> None:
        self._new.add(xxhash.xxh3_64_intdigest(name))
        if len(self._new) >= _SORTED:
            self._sorted.append(array("Q", sorted(self._new)))
            self._new = set()


class TargetNames:
    """The real names of what is in the target; `in_version` is asked about a path now and then."""

    def __init__(self, limit: int = NAMES_IN_MEMORY) -> None:
        self._lock = Lock()
        self._limit = limit
        self._listings: OrderedDict[bytes, _Listing] = OrderedDict()
        self.in_version: InVersion = lambda path: True
        self.folding = False
        """Whether a name was found under another spelling."""

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
                listing.add(name)

    def claim(self, directory: int, real: bytes | None, path: bytes, name: bytes) -> bool:
        """Make sure that what is there under `path` is that path's and no other's.

        True when it is spelled otherwise and may be replaced, for the version has nothing of
        that spelling. Raises OSError, and TargetFileError when it belongs to another path.
        """
        try:
            found = self.real(directory, real, name)
        except FileNotFoundError:
            return False  # Gone meanwhile: then it is nobody's.
        if found == path:
            return False
        self.refuse_taken(found)
        spelled = found[found.rfind(b"/") + 1 :] if found is not None else name
        return _composed(spelled) != _composed(name)

    def refuse_taken(self, found: bytes | None) -> None:
        """Raise TargetFileError when an entry with another spelling belongs to another path."""
        if self.is_taken(found):
            other = "another name" if found is None else safe_name(found)
            raise TargetFileError(f"{other} means the same on this file system")

    def is_taken(self, found: bytes | None) -> bool:
        """Whether an entry with another spelling belongs to another path of the version."""
        return found is None or self.in_version(found)

    def _is_listed(self, directory: int, real: bytes, name: bytes) -> bool:
        with self._lock:
            listing = self._listings.get(real)
            if listing is not None:
                self._listings.move_to_end(real)
                if name in listing:
                    return True
        fresh = self._listed(directory)  # what was made since then is in this one
        with self._lock:
            self._listings[real] = fresh
            self._listings.move_to_end(real)
            self._shrink()
        return name in fresh

    def _listed(self, directory: int) -> _Listing:
        with _names(directory) as names:
            return _Listing(names)

    def _shrink(self) -> None:
        total = sum(map(len, self._listings.values()))
        while total > self._limit and len(self._listings) > 1:
            _, oldest = self._listings.popitem(last=False)
            total -= len(oldest)


@contextmanager
def _names(directory: int) -> Iterator[Iterator[bytes]]:
    """The names in a directory, by a descriptor of its own: others may be listing it too."""
    fd = os.open(b".", _LIST, dir_fd=directory)
    try:
        with os.scandir(fd) as entries:
            yield (os.fsencode(entry.name) for entry in entries)
    finally:
        os.close(fd)


def _spelled(directory: int, name: bytes) -> bytes | None:
    """The name of the entry that `name` leads to; None when it is not to be found out."""
    wanted, alike = _folded(name), []
    with _names(directory) as names:
        for other in names:
            if other == name:
                return name
            if _folded(other) == wanted:
                alike.append(other)
    if len(alike) == 1:
        return alike[0]
    status = os.stat(name, dir_fd=directory, follow_symlinks=False)
    if alike:
        return _same_file(directory, status, alike)
    with _names(directory) as names:
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


def _folded(name: bytes) -> bytes:
    """What most of these file systems make of a name: case, composition, what is behind it."""
    text = name.decode("utf-8", "surrogateescape")
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return folded.rstrip(". ").encode("utf-8", "surrogatepass")


def _composed(path: bytes) -> str:
    return unicodedata.normalize("NFC", path.decode("utf-8", "surrogateescape"))
