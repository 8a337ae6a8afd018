"""Owner, group, mode and time of restored files: set in the one safe order, then compared.

Owner and group come first, because changing them clears the set-user-id bits and the capabilities
of a file; then the extended attributes, because an ACL changes the mode, and a mode may forbid
them; then the mode, then the time. A file gets a set-user-id (or set-group-id) bit only with its
old owner (or group), and capabilities only with both: with another one, it would give away that
user's rights. Everything is set through a descriptor of the file itself, so a name that another
program swaps does not matter.

An attribute that cannot be set never costs the content: it is a `Lack`, and the caller reports it.
Afterwards the writer checks the file again, because some file systems report success and change
nothing. Thread-safe.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from typing import NamedTuple

from usenetsync_tui.disk.restored.metadata.xattrs import XattrWriter, has_xattrs, xattrs_of
from usenetsync_tui.disk.restored.system_calls import may_change_owners, umask
from usenetsync_tui.model.metadata.metadata import CAPABILITY, Xattr

_SECOND = 1_000_000_000
_COARSE = 2 * _SECOND
"""The coarsest step of a file system's times (FAT)."""
_STEPS = (_COARSE, _SECOND, 100_000_000, 10_000_000, 1_000_000, 1_000, 100)
"""In ns: FAT, ext4 with small inodes, HFS+ and SFTP 1 s, exFAT 10 ms, NTFS and SMB 100 ns."""
_NEW, _NO_SET_ID = 0o600, 0o777
"""The mode of a new file, and the largest one that gives nobody a user's or group's rights."""
_NEVER = frozenset([errno.EPERM, errno.EACCES, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL])
"""Errors for an operation that a file system does for no file."""
_KEEPS_ITS_OWN = "the file system keeps another"


class Attributes(NamedTuple):
    """The attributes of a path in the version to restore."""

    mode: int
    """Permission bits (``st_mode & 0o7777``); ignored for a symlink."""
    mtime_ns: int
    uid: int | None = None
    """None: not known."""
    gid: int | None = None
    xattrs: tuple[Xattr, ...] = ()
    """Those it had; empty also if that is not known (`AttributeWriter.is_exact`)."""


class Lack(NamedTuple):
    """An attribute that a restored path does not have."""

    reason: str
    is_error: bool = True
    """False if only root can set it, or no file on this file system can have it."""


_NOT_ROOT = Lack("owner or group not set: only root may", is_error=False)
_WHOLE_SECONDS = Lack("time set without its fraction: this file system keeps none", is_error=False)
_FEWER_DIGITS = Lack(
    "time set without its last digits: this file system keeps fewer", is_error=False
)
_NO_CAPABILITY = Lack("capabilities left out: its owner or group could not be set")
Born = tuple[int, int] | tuple[()]
"""Owner and group of a new file; empty if it has extended attributes, as an ACL."""
_Reasons = dict[str, str]
"""By attribute, why it could not be set for one path."""


def attributes_of(fd: int) -> Attributes:
    """The attributes that an open file has."""
    status = os.fstat(fd)
    mode = stat.S_IMODE(status.st_mode)
    return Attributes(mode, status.st_mtime_ns, status.st_uid, status.st_gid, xattrs_of(fd))


def born(fd: int) -> Born:
    """What a new file was born with; the same for all of ours in one directory."""
    status = os.fstat(fd)
    return () if has_xattrs(fd) else (status.st_uid, status.st_gid)


def through(place: int) -> bytes:
    """A path that leads to a file opened with ``O_PATH``, also if it is a symlink."""
    return b"/proc/self/fd/%d" % place


class AttributeWriter:
    """Sets attributes as far as this process and each file system let it."""

    def __init__(self) -> None:
        self._privileged = may_change_owners()
        self._uid = os.geteuid()
        self._umask = umask()
        self._gids = frozenset([os.getegid(), *os.getgroups()])
        self._refused: dict[tuple[int, str], str] = {}
        """By device and attribute, the reason why no file has it there."""
        self._steps: dict[int, int] = {}
        """By device, the step of its times in ns, if that is longer than one."""
        self._xattrs = XattrWriter()

    @property
    def is_exact(self) -> bool:
        """Whether the wanted extended attributes are all that a path must have."""
        return self._xattrs.is_exact

    @is_exact.setter
    def is_exact(self, is_exact: bool) -> None:
        self._xattrs.is_exact = is_exact

    def agrees(
        self, status: os.stat_result, wanted: Attributes, at: int | bytes | None = None
    ) -> bool:
        """Whether a path has its attributes, as far as they can be set there.

        `at`: an open file, or the path of one that is opened with ``O_PATH`` (`through`); None: the
        extended attributes are not compared.
        """
        if (
            at is not None
            and (wanted.xattrs or self.is_exact)
            and not self._xattrs.agrees(at, status.st_dev, wanted.xattrs)
        ):
            return False
        return not (
            self._wrong_owner(status, wanted)
            or (_wrong_mode(status, wanted) and not self._is_refused(status, "mode"))
            or (self._wrong_time(status, wanted) and not self._is_refused(status, "time"))
        )

    def write(self, fd: int, wanted: Attributes) -> tuple[Lack, ...]:
        """Give a file or directory its attributes; returns those that it does not get."""
        return self._write(fd, fd, wanted)

    def first_mode(self, wanted: Attributes, born: Born | None) -> int:
        """The mode to create a file with: its own if that saves a call and opens it to nobody who
        may not open it later, else 0600. `born`: None if that is not known yet."""
        mode, _, uid, gid, xattrs = wanted
        if (uid, gid) != born or mode > _NO_SET_ID or mode & self._umask or xattrs:
            return _NEW
        return mode

    def write_new(self, fd: int, wanted: Attributes, born: Born, mode_now: int) -> tuple[Lack, ...]:
        """The same for a new file of ours, created with `mode_now`; `born`: what it was born with.

        In the usual case it needs no look at the file before, only the one afterwards.
        """
        mode, mtime_ns, uid, gid, xattrs = wanted
        if (uid, gid) != born or mode > _NO_SET_ID or self._steps or xattrs:
            return self.write(fd, wanted)
        try:
            if mode != mode_now:
                os.chmod(fd, mode)
            os.utime(fd, ns=(mtime_ns, mtime_ns))
        except (OSError, OverflowError):
            return self.write(fd, wanted)  # finds out which of them cannot be set, and why
        return () if _is_complete(os.fstat(fd), wanted) else self.write(fd, wanted)

    def write_place(self, place: int, wanted: Attributes) -> tuple[Lack, ...]:
        """The same for a symlink itself, or a special file, opened with ``O_PATH``."""
        return self._write(place, through(place), wanted)

    def lacks(
        self, status: os.stat_result, wanted: Attributes, why: _Reasons | None = None
    ) -> tuple[Lack, ...]:
        """The attributes that a path lacks, and why, if known; not the extended ones."""
        if _is_complete(status, wanted):
            return ()

        def because(what: str) -> str:
            refused = self._refused.get((status.st_dev, what), _KEEPS_ITS_OWN)
            return refused if why is None else why.get(what, refused)

        lacks = [*self._owner_lacks(status, wanted, because), *_set_id_lacks(status, wanted)]
        if _wrong_mode(status, wanted):
            lacks.append(Lack(f"mode not set: {because('mode')}"))
        if self._wrong_time(status, wanted):
            lacks.append(Lack(f"time not set: {because('time')}"))
        elif status.st_mtime_ns != wanted.mtime_ns:
            whole = self._steps.get(status.st_dev, 0) >= _SECOND
            lacks.append(_WHOLE_SECONDS if whole else _FEWER_DIGITS)
        return tuple(lacks)

    def _write(self, fd: int, at: int | bytes, wanted: Attributes) -> tuple[Lack, ...]:
        why: _Reasons = {}
        status = os.fstat(fd)
        if self._wrong_owner(status, wanted):
            self._change_owner(at, status, wanted, why)
            status = os.fstat(fd)
        rest = self._write_xattrs(at, status, wanted)
        if wanted.xattrs:
            status = os.fstat(fd)  # an ACL changes the mode
        if _wrong_mode(status, wanted):
            mode = _allowed(status, wanted)
            self._attempt("mode", status, why, lambda: os.chmod(at, mode))
        if status.st_mtime_ns != wanted.mtime_ns:
            times = (wanted.mtime_ns, wanted.mtime_ns)
            self._attempt("time", status, why, lambda: os.utime(at, ns=times))
        status = os.fstat(fd)
        if _is_complete(status, wanted):
            return rest
        self._learn(status, wanted, why)
        return self.lacks(status, wanted, why) + rest

    def _write_xattrs(
        self, at: int | bytes, status: os.stat_result, wanted: Attributes
    ) -> tuple[Lack, ...]:
        """Set the extended attributes, and remove others as far as they must go."""
        is_owned = (status.st_uid, status.st_gid) == (wanted.uid, wanted.gid)
        xattrs = [x for x in wanted.xattrs if is_owned or x[0] != CAPABILITY]
        lacks = [] if len(xattrs) == len(wanted.xattrs) else [_NO_CAPABILITY]
        refused = self._xattrs.remove_others(at, wanted.xattrs) if has_xattrs(at) else {}
        refused |= self._xattrs.write(at, status.st_dev, xattrs)
        lacks += [Lack(*each) for each in refused.items()]
        return tuple(lacks)

    def _change_owner(
        self, at: int | bytes, status: os.stat_result, wanted: Attributes, why: _Reasons
    ) -> None:
        """Set owner and group in one call, and one by one if that fails."""
        uid = -1 if wanted.uid is None or not self._may_own(wanted.uid) else wanted.uid
        gid = -1 if wanted.gid is None or not self._may_group(wanted.gid) else wanted.gid
        if uid != -1 and gid != -1:
            try:
                os.chown(at, uid, gid)
                return
            except (OSError, OverflowError):
                pass  # The next calls show which of the two it is.
        if gid != -1:
            self._attempt("group", status, why, lambda: os.chown(at, -1, gid))
        if uid != -1:
            self._attempt("owner", status, why, lambda: os.chown(at, uid, -1))

    def _attempt(
        self, what: str, status: os.stat_result, why: _Reasons, change: Callable[[], None]
    ) -> None:
        """Try to set an attribute; remember an error that holds for all files there."""
        try:
            change()
        except OverflowError:
            why[what] = "there is no such number"
        except OSError as caught:
            why[what] = caught.strerror or str(caught)
            if caught.errno in _NEVER and self._speaks_for_all(what, status, caught):
                self._refused[status.st_dev, what] = why[what]

    def _speaks_for_all(self, what: str, status: os.stat_result, caught: OSError) -> bool:
        if stat.S_ISLNK(status.st_mode) or not (self._privileged or status.st_uid == self._uid):
            return False  # It holds for symlinks only, or the file belongs to another user.
        return caught.errno != errno.EINVAL or what not in ("owner", "group")  # unknown number

    def _learn(self, status: os.stat_result, wanted: Attributes, why: _Reasons) -> None:
        """Remember attributes that the file system accepted but did not store."""
        off = abs(status.st_mtime_ns - wanted.mtime_ns)
        kept = {
            "owner": status.st_uid == wanted.uid or not self._may_own(wanted.uid),
            "group": status.st_gid == wanted.gid or not self._may_group(wanted.gid),
            "mode": not (stat.S_IMODE(status.st_mode) ^ _allowed(status, wanted)) & 0o777,
            # Otherwise it is the time of the write; a time out of range becomes another one.
            "time": off < _COARSE or abs(status.st_mtime_ns - status.st_ctime_ns) > _COARSE,
        }
        step = _step(status.st_mtime_ns, off)
        if step and "time" not in why:
            # A time may end in more zeros by chance: the shortest step seen counts.
            self._steps[status.st_dev] = min(step, self._steps.get(status.st_dev, step))
        if not stat.S_ISLNK(status.st_mode):
            for what, is_kept in kept.items():
                if not is_kept and what not in why:
                    self._refused.setdefault((status.st_dev, what), _KEEPS_ITS_OWN)

    def _may_own(self, uid: int | None) -> bool:
        return uid is not None and (self._privileged or uid == self._uid)

    def _may_group(self, gid: int | None) -> bool:
        return gid is not None and (self._privileged or gid in self._gids)

    def _is_refused(self, status: os.stat_result, what: str) -> bool:
        return (status.st_dev, what) in self._refused

    def _wrong_owner(self, status: os.stat_result, wanted: Attributes) -> bool:
        """Whether the owner or the group is wrong, and setting it may succeed."""
        if (
            status.st_uid != wanted.uid
            and self._may_own(wanted.uid)
            and not self._is_refused(status, "owner")
        ):
            return True
        return (
            status.st_gid != wanted.gid
            and self._may_group(wanted.gid)
            and not self._is_refused(status, "group")
        )

    def _wrong_time(self, status: os.stat_result, wanted: Attributes) -> bool:
        off = abs(status.st_mtime_ns - wanted.mtime_ns)
        return off != 0 and off >= self._steps.get(status.st_dev, 0)

    def _owner_lacks(
        self, status: os.stat_result, wanted: Attributes, because: Callable[[str], str]
    ) -> list[Lack]:
        lacks = []
        for what, now, was, may in (
            ("owner", status.st_uid, wanted.uid, self._may_own(wanted.uid)),
            ("group", status.st_gid, wanted.gid, self._may_group(wanted.gid)),
        ):
            if was is None or now == was:
                continue
            if may:
                lacks.append(Lack(f"{what} not set: {because(what)}"))
            elif _NOT_ROOT not in lacks:
                lacks.append(_NOT_ROOT)
        return lacks


def _step(kept_ns: int, off: int) -> int:
    """The longest step that explains a difference of `off` by rounding; 0: none does."""
    return next((s for s in _STEPS if 0 < off < s and kept_ns % s == 0), 0)


def _is_complete(status: os.stat_result, wanted: Attributes) -> bool:
    """Whether a path has all its attributes."""
    mode, mtime_ns, uid, gid, _ = wanted
    return (
        status.st_mtime_ns == mtime_ns
        and status.st_uid == uid
        and status.st_gid == gid
        and (status.st_mode & 0o7777 == mode or stat.S_ISLNK(status.st_mode))
    )


def _allowed(status: os.stat_result, wanted: Attributes) -> int:
    """The mode that a path may get with its present owner and group."""
    mode = wanted.mode & 0o7777
    if status.st_uid != wanted.uid:
        mode &= ~stat.S_ISUID
    if status.st_gid != wanted.gid:
        mode &= ~stat.S_ISGID
    return mode


def _wrong_mode(status: os.stat_result, wanted: Attributes) -> bool:
    if stat.S_ISLNK(status.st_mode):
        return False
    return stat.S_IMODE(status.st_mode) != _allowed(status, wanted)


def _set_id_lacks(status: os.stat_result, wanted: Attributes) -> list[Lack]:
    """The set-id bits that a path must not get, and why."""
    if stat.S_ISLNK(status.st_mode):
        return []
    left_out = wanted.mode & ~_allowed(status, wanted)
    lacks = []
    for bit, name, whose, known in (
        (stat.S_ISUID, "set-user-id", "owner", wanted.uid is not None),
        (stat.S_ISGID, "set-group-id", "group", wanted.gid is not None),
    ):
        if left_out & bit:
            reason = "could not be set" if known else "is not known"
            lacks.append(Lack(f"{name} bit left out: its {whose} {reason}"))
    return lacks
