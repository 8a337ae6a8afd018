"""A tree that changes at random, as people and programs change theirs. Seeded.

Each change is one that has cost some tool data: a file rewritten with the same size, in the same
second, with its old time set again; a file replaced by a directory and the reverse; names that are
not UTF-8; hard links; modes without any right to read.
"""

from __future__ import annotations

import os
import random
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

_NAMES = [b"a", b"b.txt", b"caf\xe9", b" ", b"-rf", b"a\nb", "ü".encode(), b"x" * 250, b"C:nul"]
_SIZES = [0, 1, 100, 4_000, 49_999, 50_000, 50_001, 768_000, 768_001, 2_500_000]
FEW, MANY = 150, 4_000
"""Files of a new tree. Processes read the packs of an upload of more than 3,000 small files, and
write those of a restore of more than 2,000."""
_MODES = [0o644, 0o600, 0o755, 0o444, 0o000, 0o4755, 0o2755, 0o666]


class ChangingTree:
    """A folder and the dice that change it."""

    def __init__(self, root: Path, rng: random.Random, files: int = FEW) -> None:
        self.root = root
        self._rng = rng
        self._made = 0
        root.mkdir(parents=True)
        for _ in range(12):
            self._new_directory()
        for _ in range(FEW):
            self._new_file()
        directory = self._directory()
        for number in range(files - FEW):
            path = os.path.join(directory, b"small %d" % number)
            self._write(path, rng.randbytes(rng.randrange(2_000)))
        self.change()

    def change(self, count: int = 40) -> None:
        """Make so many random changes."""
        changes: list[Callable[[], None]] = [
            self._new_file,
            self._new_file,
            self._new_directory,
            self._rewrite,
            self._rewrite_in_secret,
            self._append,
            self._truncate,
            self._remove,
            self._remove_directory,
            self._rename,
            self._replace_kind,
            self._link,
            self._symlink,
            self._touch,
            self._chmod,
            self._chown,
            self._same_bytes_elsewhere,
        ]
        for _ in range(count):
            self._rng.choice(changes)()

    def _entries(self) -> Iterator[os.DirEntry[bytes]]:
        todo = [os.fsencode(self.root)]
        while todo:
            for item in sorted(os.scandir(todo.pop()), key=lambda e: e.name):
                yield item
                if item.is_dir(follow_symlinks=False):
                    todo.append(item.path)

    def _any(self, is_wanted: Callable[[os.stat_result], bool]) -> bytes | None:
        found = [e.path for e in self._entries() if is_wanted(e.stat(follow_symlinks=False))]
        return self._rng.choice(found) if found else None

    def _file(self) -> bytes | None:
        return self._any(lambda s: stat.S_ISREG(s.st_mode))

    def _directory(self) -> bytes:
        inside = self._any(lambda s: stat.S_ISDIR(s.st_mode))
        root = os.fsencode(self.root)
        return root if inside is None or self._rng.random() < 0.2 else inside

    def _new_path(self) -> bytes:
        self._made += 1
        name = self._rng.choice(_NAMES)[:200] + b"%d" % self._made
        return os.path.join(self._directory(), name)

    def _bytes(self) -> bytes:
        size = self._rng.choice(_SIZES)
        if self._rng.random() < 0.2:
            return bytes(size)
        return self._rng.randbytes(size)

    def _new_file(self) -> None:
        self._write(self._new_path(), self._bytes())

    def _write(self, path: bytes, content: bytes) -> None:
        with open(path, "wb") as file:
            file.write(content)

    def _new_directory(self) -> None:
        os.mkdir(self._new_path(), self._rng.choice([0o755, 0o700, 0o555, 0o2775]))

    def _rewrite(self) -> None:
        if (path := self._file()) is not None:
            self._write(path, self._bytes())

    def _rewrite_in_secret(self) -> None:
        """Write other bytes of the same number, with the old modification time."""
        if (path := self._file()) is not None:
            status = os.stat(path)
            with open(path, "r+b") as file:
                file.write(self._rng.randbytes(min(status.st_size, 3_000_000)))
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    def _append(self) -> None:
        if (path := self._file()) is not None:
            with open(path, "ab") as file:
                file.write(self._rng.randbytes(self._rng.randrange(3_000)))

    def _truncate(self) -> None:
        if (path := self._file()) is not None:
            os.truncate(path, self._rng.randrange(os.stat(path).st_size + 1))

    def _remove(self) -> None:
        path = self._any(lambda s: not stat.S_ISDIR(s.st_mode))
        if path is not None:
            os.unlink(path)

    def _remove_directory(self) -> None:
        """Delete a small part: the guard of the source is not tested here."""
        path = self._directory()
        if path != os.fsencode(self.root) and sum(len(f) for _, _, f in os.walk(path)) < 30:
            shutil.rmtree(path)

    def _rename(self) -> None:
        path = self._any(lambda s: True)
        new = self._new_path()
        if path is not None and not new.startswith(path + b"/"):
            os.rename(path, new)

    def _replace_kind(self) -> None:
        path = self._any(lambda s: not stat.S_ISDIR(s.st_mode))
        if path is not None:
            os.unlink(path)
            os.mkdir(path)
            self._write(path + b"/inside", self._bytes())

    def _link(self) -> None:
        if (path := self._file()) is not None:
            os.link(path, self._new_path())

    def _symlink(self) -> None:
        os.symlink(self._rng.choice(_NAMES), self._new_path())

    def _touch(self) -> None:
        if (path := self._any(lambda s: not stat.S_ISLNK(s.st_mode))) is not None:
            time = self._rng.randrange(-(10**17), 2 * 10**18)
            os.utime(path, ns=(time, time))

    def _chmod(self) -> None:
        if (path := self._file()) is not None:
            os.chmod(path, self._rng.choice(_MODES))

    def _chown(self) -> None:
        """Set the mode again, because a change of owner removes set-id bits."""
        if os.geteuid() != 0 or (path := self._any(lambda s: not stat.S_ISLNK(s.st_mode))) is None:
            return
        mode = stat.S_IMODE(os.stat(path).st_mode)
        os.chown(path, self._rng.choice([0, 1234]), self._rng.choice([0, 4321]))
        os.chmod(path, mode)

    def _same_bytes_elsewhere(self) -> None:
        if (path := self._file()) is not None:
            shutil.copyfile(path, self._new_path())
