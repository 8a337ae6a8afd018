"""Made-up files for an index: names and sizes that are spread as real ones are (log-normal).

A stream, so that memory says what the index takes. 30 files a folder, folders in two levels; every
tenth file changed whole seconds; files of up to 50,000 bytes lie in packs, larger ones are objects
of their own. Digests and Message-IDs are random bytes, as real ones look.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from usenetsync_tui.model.digests import DigestKind
from usenetsync_tui.model.entries import FileKind
from usenetsync_tui.model.index.entries import EntryChange, IndexEntry
from usenetsync_tui.model.segments import PACK_LIMIT, SEGMENT_SIZE

_NAMES, _FILES, _FOLDERS = 20_000, 30, 40
_LETTERS = b"abcdefghijklmnopqrstuvwxyz-_ 0123456789"
_ENDINGS = (b".jpg", b".txt", b".py", b"", b".pdf")
_BEGIN = 1_600_000_000_000_000_000


def names(count: int, dice: Random) -> list[bytes]:
    """Different names, sorted."""
    found: set[bytes] = set()
    while len(found) < count:
        length = max(3, int(dice.lognormvariate(2.8, 0.5)))
        found.add(bytes(dice.choices(_LETTERS, k=length)) + dice.choice(_ENDINGS))
    return sorted(found)


def entries(files: int, seed: int = 1) -> Iterator[IndexEntry]:
    """A folder of so many files, in path order."""
    dice, pool, made = Random(seed), names(_NAMES, Random(seed)), 0
    place = _Placing(dice)
    outer = names(files // (_FILES * _FOLDERS) + 1, Random(seed + 1))
    for folder in outer:
        yield _directory(folder + b"/", place.time)
        for below in sorted(dice.sample(pool, _FOLDERS)):
            path = folder + b"/" + below + b"/"
            if made >= files:
                return
            yield _directory(path, place.time)
            place.time += dice.randrange(10**14)
            for name in sorted(dice.sample(pool, min(_FILES, files - made))):
                made += 1
                yield place.file(path + name)


def _directory(path: bytes, time: int) -> IndexEntry:
    return IndexEntry(
        path=path,
        change=EntryChange.PRESENT,
        kind=FileKind.DIRECTORY,
        mode=0o755,
        uid=1000,
        gid=1000,
        user=b"user",
        group=b"user",
        digest_kind=None,
        object=None,
        offset=0,
        size=0,
        mtime_ns=time,
        ctime_ns=0,
        inode=0,
    )


class _Placing:
    """Gives files their sizes, times, inodes and places."""

    def __init__(self, dice: Random) -> None:
        self._dice = dice
        self.time = _BEGIN
        self._changed = _BEGIN + 10**17
        self._inode = self._object = self._pack = 1
        self._filled = SEGMENT_SIZE

    def file(self, path: bytes) -> IndexEntry:
        dice = self._dice
        size = int(dice.lognormvariate(9, 2)) + 1
        self._inode += dice.choice((1, 1, 2, 3))
        self._changed += dice.randrange(4_000_000)
        time = self.time + dice.randrange(10**12)
        if dice.random() < 0.1:
            time -= time % 10**9
        number, offset = self._placed(size)
        small = size <= PACK_LIMIT
        return _directory(path, time)._replace(
            kind=FileKind.REGULAR,
            mode=0o644,
            digest_kind=DigestKind.BLAKE3 if small else DigestKind.SEGMENTS_BLAKE3,
            digest=dice.randbytes(32) if small else None,
            object=number,
            offset=offset,
            size=size,
            ctime_ns=self._changed,
            inode=self._inode,
        )

    def _placed(self, size: int) -> tuple[int, int]:
        if size > PACK_LIMIT:
            self._object += 1
            return self._object, 0
        if self._filled + size > SEGMENT_SIZE:
            self._object += 1
            self._pack, self._filled = self._object, 0
        offset, self._filled = self._filled, self._filled + size
        return self._pack, offset
