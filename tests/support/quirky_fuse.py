"""A FUSE file system that passes all calls to a folder, except for its quirks.

    python quirky_fuse.py FOLDER MOUNT_POINT QUIRK...

The quirks are those of real file systems; `Quirk` names them. It is a program of its own, because
the process that serves a mount must not wait for that mount.
"""

from __future__ import annotations

import errno
import itertools
import os
import stat
import sys
import unicodedata
from enum import StrEnum
from typing import Any

import mfusepy

SECOND = 1_000_000_000


class Quirk(StrEnum):
    """The quirks of such a file system."""

    NO_CHMOD = "no-chmod"
    NO_CHOWN = "no-chown"
    NO_UTIME = "no-utime"
    IGNORES = "ignores"
    """Changes of mode, owner and time succeed without effect."""
    NO_SYMLINK = "no-symlink"
    NO_SIZES = "no-sizes"
    """A file's size is reported as 0; all of it can be read (procfs, some FUSE)."""
    HALF_SIZES = "half-sizes"
    """A file's size is reported as half of the readable bytes."""
    DOUBLE_SIZES = "double-sizes"
    """A file's size is reported as twice the readable bytes (sysfs: always 4,096)."""
    ENDLESS = "endless"
    """Files whose names begin with "endless" never end, whatever their size."""
    UNSTABLE_INODES = "unstable-inodes"
    """Every stat returns another inode number (mergerfs, sshfs)."""
    COARSE_TIMES = "coarse-times"
    """Times in steps of two seconds (FAT)."""
    TEN_MILLISECONDS = "ten-milliseconds"
    """Times in such steps (exFAT)."""
    HUNDRED_NANOSECONDS = "hundred-nanoseconds"
    """Times in such steps (NTFS, SMB)."""
    FOLDS_CASE = "folds-case"
    """`README` and `readme` are one file, with the name under which it was created."""
    MANGLES_NAMES = "mangles-names"
    """Names are stored with composed accents and without dots or blanks at the end (HFS+, SMB)."""
    NO_COLONS = "no-colons"
    """Names with a colon are refused (FAT, NTFS)."""
    NO_REPLACING = "no-replacing"
    """A rename never replaces a file."""
    NO_RENAME = "no-rename"
    """Renames always fail."""
    NO_SIZE = "no-size"
    """statfs fails: the size and the free space are unknown."""
    SMALL_FILES = "small-files"
    """No file beyond 1 MiB (FAT: 4 GiB)."""


LIMIT = 1 << 20

_STEPS = {
    Quirk.COARSE_TIMES: 2 * SECOND,
    Quirk.TEN_MILLISECONDS: 10_000_000,
    Quirk.HUNDRED_NANOSECONDS: 100,
}
"""In nanoseconds."""

_LIES = {Quirk.NO_SIZES: 0.0, Quirk.HALF_SIZES: 0.5, Quirk.DOUBLE_SIZES: 2.0}
"""The factor for a file's size."""


class Quirky(mfusepy.Operations):  # type: ignore[misc]
    """The operations; each fails with the errno of the folder below, or of a quirk."""

    use_ns = True

    def __init__(self, folder: str, quirks: frozenset[Quirk]) -> None:
        self._folder = folder
        self._quirks = quirks
        self._inodes = itertools.count(1 << 40)

    def init_with_config(self, conn_info: Any, config_3: Any) -> None:
        config_3.use_ino = 1
        config_3.hard_remove = 1  # an open file is unlinked, not renamed
        config_3.entry_timeout = config_3.attr_timeout = config_3.negative_timeout = 0
        if self._quirks & _LIES.keys():
            config_3.direct_io = 1  # the kernel would not read past the reported size

    def _at(self, path: str) -> str:
        if Quirk.NO_COLONS in self._quirks and ":" in path:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        if Quirk.MANGLES_NAMES in self._quirks:
            names = unicodedata.normalize("NFC", path).split("/")
            path = "/".join(name.rstrip(". ") for name in names)
        if Quirk.FOLDS_CASE not in self._quirks:
            return self._folder + path
        at = self._folder
        for name in path.strip("/").split("/"):
            at = os.path.join(at, _spelled(at, name))
        return at

    def _refuse(self, quirk: Quirk, code: int = errno.ENOTSUP) -> None:
        if quirk in self._quirks:
            raise OSError(code, os.strerror(code))

    def getattr(self, path: str, fh: int | None = None) -> dict[str, int]:
        status = os.lstat(self._at(path))
        found = {
            "st_ino": status.st_ino,
            "st_mode": status.st_mode,
            "st_nlink": status.st_nlink,
            "st_uid": status.st_uid,
            "st_gid": status.st_gid,
            "st_size": status.st_size,
            "st_blocks": status.st_blocks,
            "st_atime": status.st_atime_ns,
            "st_mtime": status.st_mtime_ns,
            "st_ctime": status.st_ctime_ns,
        }
        if Quirk.UNSTABLE_INODES in self._quirks:
            found["st_ino"] = next(self._inodes)
        if stat.S_ISREG(status.st_mode):
            for quirk in self._quirks & _LIES.keys():
                found["st_size"] = int(status.st_size * _LIES[quirk])
        for quirk in self._quirks & _STEPS.keys():
            for time in ("st_atime", "st_mtime", "st_ctime"):
                found[time] -= found[time] % _STEPS[quirk]
        return found

    def readdir(self, path: str, fh: int) -> list[tuple[str, dict[str, int], int]]:
        found: list[tuple[str, dict[str, int], int]] = [
            (name, {"st_ino": 1, "st_mode": stat.S_IFDIR}, 0) for name in (".", "..")
        ]
        for item in os.scandir(self._at(path)):
            mode = stat.S_IFMT(item.stat(follow_symlinks=False).st_mode)
            found.append((item.name, {"st_ino": item.inode(), "st_mode": mode}, 0))
        return found

    def statfs(self, path: str) -> dict[str, int]:
        status = os.statvfs(self._at(path))
        if Quirk.NO_SIZE in self._quirks:
            return {"f_bsize": 4096, "f_frsize": 4096, "f_namemax": 255}
        return {name: getattr(status, name) for name in dir(status) if name.startswith("f_")}

    def open(self, path: str, flags: int) -> int:
        return os.open(self._at(path), flags)

    def create(self, path: str, mode: int, fi: Any = None) -> int:
        return os.open(self._at(path), os.O_RDWR | os.O_CREAT | os.O_TRUNC, mode)

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        if Quirk.ENDLESS in self._quirks and os.path.basename(path).startswith("endless"):
            return bytes(size)
        return os.pread(fh, size, offset)

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        if offset + len(data) > LIMIT:
            self._refuse(Quirk.SMALL_FILES, errno.EFBIG)
        return os.pwrite(fh, data, offset)

    def truncate(self, path: str, length: int, fh: int | None = None) -> int:
        if length > LIMIT:
            self._refuse(Quirk.SMALL_FILES, errno.EFBIG)
        os.truncate(self._at(path), length)
        return 0

    def flush(self, path: str, fh: int) -> int:
        return 0

    def fsync(self, path: str, datasync: int, fh: int) -> int:
        os.fsync(fh)
        return 0

    def release(self, path: str, fh: int) -> int:
        os.close(fh)
        return 0

    def mkdir(self, path: str, mode: int) -> int:
        os.mkdir(self._at(path), mode)
        return 0

    def rmdir(self, path: str) -> int:
        os.rmdir(self._at(path))
        return 0

    def unlink(self, path: str) -> int:
        os.unlink(self._at(path))
        return 0

    def rename(self, old: str, new: str) -> int:
        self._refuse(Quirk.NO_RENAME, errno.ENOSYS)
        if os.path.lexists(self._at(new)):
            self._refuse(Quirk.NO_REPLACING, errno.EEXIST)
        os.rename(self._at(old), self._at(new))
        return 0

    def symlink(self, target: str, source: str) -> int:
        self._refuse(Quirk.NO_SYMLINK, errno.EPERM)
        os.symlink(source, self._at(target))
        return 0

    def readlink(self, path: str) -> str:
        return os.readlink(self._at(path))

    def link(self, target: str, source: str) -> int:
        os.link(self._at(source), self._at(target), follow_symlinks=False)
        return 0

    def chmod(self, path: str, mode: int) -> int:
        self._refuse(Quirk.NO_CHMOD)
        if Quirk.IGNORES in self._quirks:
            return 0
        os.chmod(self._at(path), mode)
        return 0

    def chown(self, path: str, uid: int, gid: int) -> int:
        self._refuse(Quirk.NO_CHOWN, errno.EPERM)
        if Quirk.IGNORES in self._quirks:
            return 0
        none = (1 << 32) - 1
        wanted = (-1 if number in (-1, none) else number for number in (uid, gid))
        os.chown(self._at(path), *wanted, follow_symlinks=False)
        return 0

    def utimens(self, path: str, times: tuple[int, int] | None = None) -> int:
        self._refuse(Quirk.NO_UTIME)
        if Quirk.IGNORES in self._quirks:
            return 0
        os.utime(self._at(path), ns=times, follow_symlinks=False)
        return 0


def _spelled(folder: str, name: str) -> str:
    """The folder's spelling of a name, in whatever case; the name itself if the folder lacks it."""
    if not name or not os.path.isdir(folder) or os.path.lexists(os.path.join(folder, name)):
        return name
    return next((n for n in os.listdir(folder) if n.casefold() == name.casefold()), name)


if __name__ == "__main__":
    source, place, *quirks = sys.argv[1:]
    mfusepy.FUSE(
        Quirky(source, frozenset(map(Quirk, quirks))),
        place,
        foreground=True,
        nothreads=True,
        allow_other=True,
        default_permissions=True,
    )
