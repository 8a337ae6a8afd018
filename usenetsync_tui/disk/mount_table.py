"""The file system that a directory is on, in terms that survive a reboot.

Knows mountinfo(5), the identifiers of file systems and where the kernel gives them; refuses to
know folders and versions. Without ``/proc`` it takes a change of the device number for a mount
point, and identifies a file system only by its `f_fsid`. Synchronous.
"""

from __future__ import annotations

import fcntl
import os
import re
import stat
from collections.abc import Iterable

from usenetsync_tui.model.sources import FileSystem
from usenetsync_tui.model.value_object import value_object

_MOUNTINFO = "/proc/self/mountinfo"
_BY_UUID = "/dev/disk/by-uuid"
_GET_UUID = 0x80111500
"""FS_IOC_GETFSUUID, Linux 6.9: a length, then 16 bytes."""
_ESCAPE = re.compile(rb"\\([0-7]{3})")


@value_object
class Mount:
    """A line of the table."""

    number: int
    is_device: bool
    """Whether it is on a device of its own: its major number is not 0."""
    root: bytes
    """The mounted path inside the file system."""
    place: bytes
    """Where it is mounted."""
    type: str
    source: bytes


class MountTable:
    """The mounts that this process sees, at the moment of `read`."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        """`lines`: of mountinfo(5); none if there is no such file."""
        mounts = [_mount(line) for line in lines]
        self._mounts = {mount.number: mount for mount in mounts}

    @classmethod
    def read(cls) -> MountTable:
        """The mounts now."""
        try:
            with open(_MOUNTINFO, "rb") as file:
                return cls(file)
        except OSError:
            return cls(())  # no /proc: only device numbers

    def below(self, folder: bytes) -> frozenset[bytes]:
        """The mount points below an absolute path, relative to it, with a slash at the end."""
        start = folder.rstrip(b"/") + b"/"
        places = {mount.place for mount in self._mounts.values()} - {start}
        return frozenset(p[len(start) :] + b"/" for p in places if p.startswith(start))

    def place(self, path: bytes) -> tuple[int, bytes] | None:
        """The device and the path inside its file system of a folder, by its absolute path.

        For a missing folder, where it would be made. None if that is not known.
        """
        there = path
        while not os.path.isdir(there):
            there = os.path.dirname(there)
        try:
            fd = os.open(there, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:
            return None  # no permission to open it
        try:
            mount = self._mounts.get(_mount_number(fd) or 0)
            device = os.fstat(fd).st_dev
        finally:
            os.close(fd)
        location = _location(mount, there) if mount is not None else b""
        if not location:
            return None
        return device, location.rstrip(b"/") + path[len(there.rstrip(b"/")) :] or b"/"

    def is_mount_point(self, fd: int, parent: int) -> bool:
        """Whether an open directory is a mount point inside its open parent."""
        mine = _mount_number(fd)
        if mine is None or not self._mounts:
            return os.fstat(fd).st_dev != os.fstat(parent).st_dev
        return mine != _mount_number(parent)

    def file_system(self, fd: int, path: bytes) -> FileSystem:
        """The file system of an open directory; `path` is its absolute path."""
        number = _mount_number(fd)
        mount = self._mounts.get(number) if number is not None else None
        device = os.fstat(fd).st_dev
        if mount is None:
            return FileSystem(uuid=_uuid(fd, device, b""), fsid=_fsid(fd, device))
        if mount.type == "overlay":  # its identifiers belong to a layer, or are made up
            return FileSystem(mount.type, location=_location(mount, path))
        named = not mount.is_device and not mount.source.startswith(b"/dev/")
        return FileSystem(
            type=mount.type,
            uuid=_uuid(fd, device, mount.source),
            fsid=_fsid(fd, device),
            source=mount.source.decode("utf-8", "replace") if named else "",
            location=_location(mount, path),
        )


def _mount(line: bytes) -> Mount:
    fields, _, rest = line.rstrip(b"\n").partition(b" - ")
    number, _, device, root, place, *_ = fields.split(b" ")
    kind, source, *_ = rest.split(b" ")
    return Mount(
        number=int(number),
        is_device=not device.startswith(b"0:"),
        root=_plain(root),
        place=_plain(place),
        type=kind.decode("ascii", "replace"),
        source=_plain(source),
    )


def _plain(field: bytes) -> bytes:
    return _ESCAPE.sub(lambda match: bytes([int(match[1], 8)]), field)


def _mount_number(fd: int) -> int | None:
    try:
        with open(f"/proc/self/fdinfo/{fd}", "rb") as file:
            found = next((line for line in file if line.startswith(b"mnt_id:")), None)
    except OSError:
        return None
    return int(found.split()[1]) if found is not None else None


def _location(mount: Mount, path: bytes) -> bytes:
    place = mount.place.rstrip(b"/")
    if path != mount.place and not path.startswith(place + b"/"):
        return b""  # mounted before a chroot, or moved meanwhile
    return (mount.root.rstrip(b"/") + path[len(place) :]).rstrip(b"/") or b"/"


def _fsid(fd: int, device: int) -> str:
    """`f_fsid`, unless it is 0 or the device's number (XFS, FAT)."""
    fsid = os.fstatvfs(fd).f_fsid
    return f"{fsid:x}" if fsid not in (0, device) else ""


def _uuid(fd: int, device: int, source: bytes) -> str:
    """From the file system itself, or from udev, which read it from the device."""
    answer = bytearray(17)
    try:
        fcntl.ioctl(fd, _GET_UUID, answer)
    except OSError:
        answer = bytearray(17)  # an older kernel, or a file system without one
    if any(answer[1:]):
        return answer[1:].hex()
    return _uuid_of_device(device, source)


def _uuid_of_device(device: int, source: bytes, folder: str = _BY_UUID) -> str:
    named = source.startswith(b"/dev/")
    if not os.major(device) and not named:
        return ""
    # btrfs: its files have another device number than the device.
    devices = {device, _device(os.fsdecode(source)) if named else None} - {None}
    try:
        names = os.listdir(folder)
    except OSError:
        return ""  # no udev here
    found = (name for name in names if _device(os.path.join(folder, name)) in devices)
    return next(found, "").replace("-", "").lower()


def _device(path: str) -> int | None:
    """The number of a block device; None if there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_rdev if stat.S_ISBLK(status.st_mode) else None
