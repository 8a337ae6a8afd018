"""What a restore would do to a path of the target, found without changing anything.

Asks the same questions as the restore, in the same order, through descriptors that follow no
symlink. Refuses to know where the content comes from. For one thread, in path order.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import NamedTuple

from usenetsync_tui.disk.content import Content
from usenetsync_tui.disk.restored import entry as entry
from usenetsync_tui.disk.restored.attributes import Attributes, AttributeWriter
from usenetsync_tui.disk.restored.borrowed import kind_words
from usenetsync_tui.disk.restored.metadata.special import Special
from usenetsync_tui.disk.restored.overwriting import Overwriting
from usenetsync_tui.disk.restored.safe_paths import check_name, split
from usenetsync_tui.errors import TargetFileError
from usenetsync_tui.model.restores.choices import Overwrite
from usenetsync_tui.model.restores.plans import Fate

_DIRECTORY = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_BLOCKED = frozenset([errno.ENOTDIR, errno.ELOOP])
_SPARED = {
    Overwrite.IF_CHANGED: "same size and time",
    Overwrite.IF_NEWER: "not older",
    Overwrite.NEVER: "already there",
}
_SAME, _SET_AGAIN = "identical", "other owner, mode, time or extended attributes"


class Verdict(NamedTuple):
    """What would happen to a path, and why."""

    fate: Fate
    reason: str = ""


_CREATE = Verdict(Fate.CREATE)


class _Directory(NamedTuple):
    """A directory on the way to a path: its descriptor, or what is there instead."""

    path: bytes
    fd: int
    instead: Verdict | None


class PresentTree:
    """A target that may not exist. Close it at the end."""

    def __init__(self, root: bytes, overwriting: Overwriting, *, is_exact: bool = False) -> None:
        """Raises OSError when the root is there and cannot be opened.

        `is_exact`: as for `TargetTree.serve`.
        """
        self._overwriting = overwriting
        self._attributes = AttributeWriter()
        self._attributes.is_exact = is_exact
        try:
            fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            self._way = [_Directory(b"", -1, _CREATE)]
        else:
            self._way = [_Directory(b"", fd, None)]

    def directory(self, path: bytes) -> Verdict:
        """The verdict on a directory, whose path ends in a slash."""
        found = self._at(path)
        if found.instead is None:
            return Verdict(Fate.KEEP)
        return found.instead

    def file(self, path: bytes, content: Content, wanted: Attributes) -> Verdict:
        """The verdict on a regular file."""
        found = self._entry(path)
        if isinstance(found, Verdict):
            return found
        fd, name, status = found
        agrees = self._attributes.agrees(status, wanted)
        is_fit = stat.S_ISREG(status.st_mode) and status.st_size == content.file_size
        if verdict := self._spared(path, status, wanted, agrees=is_fit and agrees):
            return verdict
        if not stat.S_ISREG(status.st_mode):
            return Verdict(Fate.OVERWRITE, f"now {kind_words(status.st_mode)}")
        if not is_fit:
            return Verdict(Fate.OVERWRITE, "other size")
        try:
            fd = os.open(name, _READ, dir_fd=fd)
        except OSError as caught:
            return Verdict(Fate.OVERWRITE, f"cannot be read ({caught.strerror})")
        try:
            is_same = entry.has(fd, content)
            agrees = self._attributes.agrees(status, wanted, fd)
        finally:
            os.close(fd)
        if not is_same:
            return Verdict(Fate.OVERWRITE, "other content")
        return Verdict(Fate.KEEP, _SAME) if agrees else Verdict(Fate.OVERWRITE, _SET_AGAIN)

    def symlink(self, path: bytes, target: bytes, wanted: Attributes) -> Verdict:
        """The verdict on a symlink."""
        found = self._entry(path)
        if isinstance(found, Verdict):
            return found
        fd, name, status = found
        if verdict := self._spared(path, status, wanted, agrees=False):
            return verdict
        if not stat.S_ISLNK(status.st_mode):
            return Verdict(Fate.OVERWRITE, f"now {kind_words(status.st_mode)}")
        try:
            if os.readlink(name, dir_fd=fd) != target:
                return Verdict(Fate.OVERWRITE, "other target")
        except OSError as caught:
            return _unseen(caught)
        return self._like(fd, name, status, wanted)

    def special(self, path: bytes, what: Special, wanted: Attributes) -> Verdict:
        """The verdict on a FIFO, a socket or a device."""
        found = self._entry(path)
        if isinstance(found, Verdict):
            return found
        fd, name, status = found
        if verdict := self._spared(path, status, wanted, agrees=False):
            return verdict
        if not what.is_like(status):
            return Verdict(Fate.OVERWRITE, f"now {kind_words(status.st_mode)}")
        return self._like(fd, name, status, wanted)

    def close(self) -> None:
        """Close its directories. A second call does nothing."""
        for each in self._way:
            if each.fd >= 0:
                os.close(each.fd)
        self._way = [_Directory(b"", -1, _CREATE)]

    def __enter__(self) -> PresentTree:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _like(self, fd: int, name: bytes, status: os.stat_result, wanted: Attributes) -> Verdict:
        """The verdict on a symlink or special file that is the right one."""
        try:
            if entry.agrees(self._attributes, fd, name, status, wanted):
                return Verdict(Fate.KEEP, _SAME)
        except OSError as caught:
            return _unseen(caught)
        return Verdict(Fate.OVERWRITE, _SET_AGAIN)

    def _spared(
        self, path: bytes, status: os.stat_result, wanted: Attributes, *, agrees: bool
    ) -> Verdict | None:
        """The verdict if the entry stays, or if a directory is there; else None."""
        if stat.S_ISDIR(status.st_mode):
            return self._cleared(path, status)
        if self._overwriting.spares(status, wanted.mtime_ns, agrees=agrees):
            return Verdict(Fate.KEEP, _SPARED[self._overwriting.overwrite])
        return None

    def _cleared(self, path: bytes, status: os.stat_result) -> Verdict:
        words = kind_words(status.st_mode)
        if self._overwriting.gives_way(path):
            return Verdict(Fate.OVERWRITE, f"now {words}")
        return Verdict(Fate.FAIL, f"{words} is in the way")

    def _entry(self, path: bytes) -> Verdict | tuple[int, bytes, os.stat_result]:
        """The open directory, the name there and the status of an entry; or why there is none."""
        parent, name = self._parent(path)
        if parent.instead is not None:
            return parent.instead
        try:
            return parent.fd, name, os.stat(name, dir_fd=parent.fd, follow_symlinks=False)
        except OSError as caught:
            return _unseen(caught)

    def _parent(self, path: bytes) -> tuple[_Directory, bytes]:
        cut = path.rfind(b"/") + 1
        name = path[cut:]
        try:
            check_name(name)
            return self._at(path[:cut]), name
        except TargetFileError as error:
            return _Directory(b"", -1, Verdict(Fate.FAIL, error.reason)), name

    def _at(self, path: bytes) -> _Directory:
        """A directory by its path with a slash; those on the way to the last one stay open."""
        while not path.startswith(self._way[-1].path):
            left = self._way.pop()
            if left.fd >= 0:
                os.close(left.fd)
        for name in split(path[len(self._way[-1].path) :]):
            self._way.append(self._below(self._way[-1], name))
        return self._way[-1]

    def _below(self, above: _Directory, name: bytes) -> _Directory:
        path = above.path + name + b"/"
        if above.instead is not None:
            return _Directory(path, -1, above.instead)
        try:
            return _Directory(path, os.open(name, _DIRECTORY, dir_fd=above.fd), None)
        except OSError as caught:
            if caught.errno not in _BLOCKED:
                return _Directory(path, -1, _unseen(caught))
        try:
            status = os.stat(name, dir_fd=above.fd, follow_symlinks=False)
        except OSError as caught:
            return _Directory(path, -1, _unseen(caught))
        verdict = self._cleared(path[:-1], status)
        return _Directory(path, -1, _CREATE if verdict.fate is Fate.OVERWRITE else verdict)


def _unseen(caught: OSError) -> Verdict:
    """The verdict on a path that cannot be examined."""
    if caught.errno == errno.ENOENT:
        return _CREATE
    return Verdict(Fate.OVERWRITE, f"cannot be examined now ({caught.strerror})")
