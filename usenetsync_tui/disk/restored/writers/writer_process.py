"""The program of a process that makes small files for a restore; `file_writers` starts it.

It reads jobs from its standard input, a socket, and answers each, until the socket is closed:
also when the restore is killed. A job is::

    header   two lengths, and with them (SCM_RIGHTS, unix(7)) an open directory for each group
    groups   marshal: for each directory the length of its path, and its files (`FIELDS`)
    data     the bytes of a pack, in which the files lie

The answer has a byte for each file: 1, it is there under its name; 0, nothing is, and the restore
has to see to it. A file is made without a name (O_TMPFILE, open(2)), compared with its digest,
given its attributes, looked at again, and only then linked to its name. Linking replaces nothing,
and there is no temporary name that a kill could leave. Whatever is unusual about a file, or goes
wrong with it, leaves it to the restore, which finds out what it is and says so.

It imports little, because it starts in each large restore.
"""

from __future__ import annotations

import array
import marshal
import os
import socket
import struct
from collections.abc import Sequence
from typing import Any

from usenetsync_tui.codec.digests import digest_of
from usenetsync_tui.model.digests import DigestAlgorithm

HEADER = struct.Struct("<II")
"""Bytes of the groups, bytes of the data."""
MOST_GROUPS = 64
"""Directories in a job; the kernel passes 253 descriptors at once (SCM_MAX_FD)."""
FIELDS = (
    *("path", "kind", "size", "mode", "mtime_ns", "uid", "gid", "object_offset"),
    *("digest_kind", "digest", "xattrs", "extents"),
)
"""What a job tells of a file: those columns of its row in the catalogue."""

File = tuple[Any, ...]
_NEW = os.O_RDWR | os.O_TMPFILE | os.O_CLOEXEC
_ALGORITHMS = {None: DigestAlgorithm.SHA256, 0: DigestAlgorithm.SHA256, 1: DigestAlgorithm.BLAKE3}
"""Those of digests over all bytes of a file, by `DigestKind`."""
_UNSAFE = frozenset([b"", b".", b".."])
_NO_SET_ID = 0o777


def main() -> None:
    """Work until the socket is closed."""
    os.umask(0)  # a file gets its mode when it is made
    jobs = socket.socket(fileno=0)
    while job := _received(jobs):
        directories, groups, data = job
        answer = bytearray()
        try:
            for directory, (cut, files) in zip(directories, groups, strict=True):
                answer += _made(directory, cut, files, data)
        finally:
            for directory in directories:
                os.close(directory)
        jobs.sendall(answer)


def _received(
    jobs: socket.socket,
) -> tuple[Sequence[int], list[tuple[int, list[File]]], memoryview] | None:
    """The next job; None at the end."""
    directories = array.array("i")
    room = socket.CMSG_SPACE(MOST_GROUPS * directories.itemsize)
    header, rights, _, _ = jobs.recvmsg(HEADER.size, room, socket.MSG_WAITALL)
    if len(header) < HEADER.size:
        return None
    for _, _, each in rights:
        directories.frombytes(each)
    lengths = HEADER.unpack(header)
    body = memoryview(bytearray(sum(lengths)))
    filled = 0
    while filled < len(body):
        if not (count := jobs.recv_into(body[filled:], 0, socket.MSG_WAITALL)):
            return None
        filled += count
    return directories, marshal.loads(body[: lengths[0]]), body[lengths[0] :]


def _made(directory: int, cut: int, files: list[File], data: memoryview) -> bytearray:
    """Make the files of a directory; a byte for each of them."""
    answer = bytearray(len(files))
    for number, file in enumerate(files):
        try:
            answer[number] = _make(directory, cut, file, data, is_known=1 in answer)
        except (OSError, OverflowError):
            pass  # The restore tries again, and explains what is wrong.
    return answer


def _make(directory: int, cut: int, file: File, data: memoryview, *, is_known: bool) -> bool:
    """Make one file if it is an ordinary one; whether it is there now.

    `is_known`: new files in the directory are born without an ACL.
    """
    path, kind, size, mode, mtime_ns, uid, gid, begin, digest_kind, digest, xattrs, extents = file
    name = path[cut:]
    if kind or xattrs is not None or extents is not None or mode > _NO_SET_ID:
        return False
    if b"/" in name or b"\0" in name or name in _UNSAFE or uid is None or gid is None:
        return False
    mine = data[begin : begin + size]
    algorithm = _ALGORITHMS.get(digest_kind)
    if len(mine) != size or algorithm is None or digest_of(algorithm, mine) != digest:
        return False
    fd = os.open(b".", _NEW, mode, dir_fd=directory)
    try:
        if os.write(fd, mine) != size or not (is_known or _is_bare(fd)):
            return False
        now = os.fstat(fd)
        if now.st_uid != uid or now.st_gid != gid:
            os.fchown(fd, uid, gid)
        os.utime(fd, ns=(mtime_ns, mtime_ns))
        now = os.fstat(fd)
        if (now.st_mtime_ns, now.st_uid, now.st_gid, now.st_mode & 0o7777) != (
            *(mtime_ns, uid, gid),
            mode,
        ):
            return False
        os.link(b"/proc/self/fd/%d" % fd, name, dst_dir_fd=directory, follow_symlinks=True)
        return True
    finally:
        os.close(fd)


def _is_bare(fd: int) -> bool:
    """Whether a new file has no extended attributes but those of the system."""
    try:
        return all(name.startswith("security.") for name in os.listxattr(fd))
    except OSError:
        return True  # a file system without them


if __name__ == "__main__":
    main()
