"""One large file during its restore.

Knows how to write it in any order under a temporary name beside its final one, so that an
interrupted restore finds it again, and to give it its attributes and its name at the end.
Refuses to know which bytes are correct.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress

from usenetsync_tui.disk.linux_calls import begin_write_back, preallocate
from usenetsync_tui.disk.restored.attributes import Attributes, AttributeWriter, Lack
from usenetsync_tui.disk.restored.borrowed import BorrowedDirectory
from usenetsync_tui.disk.restored.overwriting import Overwriting
from usenetsync_tui.disk.restored.publish import Publisher
from usenetsync_tui.disk.restored.system_calls import UNSUPPORTED
from usenetsync_tui.errors import TargetError, TargetFileError

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_WRITE_BACK = 16_000_000
"""Bytes written to a file after which the disk begins with them. The kernel alone would wait for
gigabytes of them, or for the sync at the end, and the disk would have nothing to do until then."""
_WORTH_IT = 1_000_000
"""The fewest bytes for which it begins at the end of a file: many small requests are slower."""


class PartFile:
    """An unfinished file of `size` bytes. Every failure is a TargetFileError or a TargetError.

    Owns the borrowed directory. Several threads may call `read`, `write` and `has_data` at once;
    the other methods end its use. It does not fsync: `TargetTree.sync` does that once at the end
    of a restore. So that little is left to do then, the disk begins with the bytes early.
    """

    def __init__(
        self,
        directory: BorrowedDirectory,
        name: bytes,
        temp: bytes,
        size: int,
        attributes: AttributeWriter,
        publisher: Publisher,
        overwriting: Overwriting,
    ) -> None:
        self._directory = directory
        self._name = name
        self._temp = temp
        self._size = size
        self._attributes = attributes
        self._publisher = publisher
        self._overwriting = overwriting
        self._borrowed = True
        self._fd = -1
        self._dirty = 0
        """About how many bytes the disk has not begun with."""
        self.resumed = False
        """Whether an earlier run has left a part of it."""
        try:
            directory.require_writable()
            self._refuse_directory()
            self._open()
            self._reserve()
        except OSError as caught:
            self._give_up()
            raise directory.explain(caught, name) from caught
        except TargetFileError:
            self._give_up()
            raise

    def has_data(self, offset: int, size: int) -> bool:
        """False when nothing was ever written to this range; cheap."""
        try:
            return os.lseek(self._fd, offset, os.SEEK_DATA) < offset + size
        except OSError as caught:
            if caught.errno == errno.ENXIO:  # only a hole from there on
                return False
            return True  # The file system cannot tell holes: the caller reads the range.

    def read(self, offset: int, size: int) -> bytes:
        """The bytes there now, `size` at most."""
        try:
            return os.pread(self._fd, size, offset)
        except OSError as caught:
            raise self._failure(caught) from caught

    def write(self, offset: int, data: bytes | memoryview) -> None:
        """Write all of `data` at `offset`."""
        view = memoryview(data)
        try:
            while view:
                written = os.pwrite(self._fd, view, offset)
                offset += written
                view = view[written:]
            self._dirty += len(data)
            if self._dirty >= _WRITE_BACK:
                self._begin_write_back()
        except OSError as caught:
            raise self._failure(caught) from caught

    def commit(self, attributes: Attributes) -> tuple[Lack, ...]:
        """Give the file its length, its attributes and its name, replacing what had the name.

        The attributes come after the last write, which would clear set-user-id. On an error from
        the system the part stays for another try. Returns the attributes that it lacks.
        """
        try:
            if os.fstat(self._fd).st_size != self._size:
                os.ftruncate(self._fd, self._size)
            if self._dirty >= _WORTH_IT:
                self._begin_write_back()
            lacks = self._attributes.write(self._fd, attributes)
            self._close_file()  # before it has its name: NFS reports a failed write only here
            lacks += self._publish()
        except OSError as caught:
            raise self._failure(caught) from caught
        finally:
            self.close()
        return lacks

    def discard(self) -> None:
        """Remove it."""
        try:
            if self._fd >= 0:
                os.unlink(self._temp, dir_fd=self._directory.fd)
        except FileNotFoundError:
            pass  # Another program has removed it.
        except OSError as caught:
            raise self._failure(caught) from caught
        finally:
            self.close()

    def close(self) -> None:
        """Close it, for a later run to continue. A second call does nothing."""
        try:
            self._close_file()
        except OSError as caught:
            raise self._failure(caught) from caught
        finally:
            if self._borrowed:
                self._borrowed = False
                self._directory.__exit__(None, None, None)

    def __enter__(self) -> PartFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _begin_write_back(self) -> None:
        self._dirty = 0
        begin_write_back(self._fd)

    def _publish(self) -> tuple[Lack, ...]:
        try:
            return self._publisher.publish(self._directory, self._temp, self._name)
        except TargetFileError:  # The name belongs to another path: another try cannot help.
            with suppress(FileNotFoundError):
                os.unlink(self._temp, dir_fd=self._directory.fd)
            raise

    def _close_file(self) -> None:
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)

    def _refuse_directory(self) -> None:
        """Raise at the beginning the error that the rename would raise after the last byte."""
        try:
            status = os.stat(self._name, dir_fd=self._directory.fd, follow_symlinks=False)
        except FileNotFoundError:
            return
        if stat.S_ISDIR(status.st_mode):
            if not self._overwriting.gives_way(self._directory.path + self._name):
                raise TargetFileError("a directory is in the way")

    def _open(self) -> None:
        folder = self._directory.fd
        try:
            self._fd = os.open(self._temp, _FLAGS, 0o600, dir_fd=folder)
        except OSError as caught:
            if caught.errno not in (errno.ELOOP, errno.ENXIO, errno.EACCES):
                raise
        else:
            status = os.fstat(self._fd)
            # With a second name it could be a file outside the target: accept only our own file.
            if (
                stat.S_ISREG(status.st_mode)
                and status.st_uid == os.geteuid()
                and status.st_nlink == 1
            ):
                self.resumed = status.st_size > 0
                self._hide(status)
                return
            os.close(self._fd)
            self._fd = -1
        os.unlink(self._temp, dir_fd=folder)
        self._fd = os.open(self._temp, _FLAGS | os.O_EXCL, 0o600, dir_fd=folder)

    def _reserve(self) -> None:
        """Reserve the blocks, so that a full disk is an error now and not after hours."""
        if os.fstat(self._fd).st_size > self._size:
            os.ftruncate(self._fd, self._size)
        try:
            reserved = preallocate(self._fd, self._size)
        except OSError as caught:
            if caught.errno == errno.ENOSPC:
                self._refuse_giant()
            raise
        if not reserved:
            self._ask_for_room()
            try:
                os.ftruncate(self._fd, self._size)
            except OSError as caught:
                if caught.errno not in (*UNSUPPORTED, errno.EPERM):
                    raise  # Otherwise the file grows with each write.

    def _ask_for_room(self) -> None:
        disk, status = os.fstatvfs(self._fd), os.fstat(self._fd)
        room = disk.f_bavail * disk.f_frsize
        if disk.f_blocks and room < self._size - status.st_blocks * 512:  # 0: not known
            self._refuse_giant()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _refuse_giant(self) -> None:
        """Refuse only this file if it could never fit; other files may still have room."""
        disk = os.fstatvfs(self._fd)
        if disk.f_blocks and self._size > disk.f_blocks * disk.f_frsize:
            raise TargetFileError("it is larger than the whole file system")

    def _hide(self, status: os.stat_result) -> None:
        """Restore mode 0600 if an earlier run ended between setting the mode and the name."""
        if stat.S_IMODE(status.st_mode) & 0o077:
            try:
                os.fchmod(self._fd, 0o600)
            except OSError:
                pass  # Where modes cannot be changed, they hide nothing.

    def _give_up(self) -> None:
        if self.resumed:
            self.close()
        else:
            self.discard()

    def _failure(self, caught: OSError) -> TargetFileError | TargetError:
        return self._directory.explain(caught, self._name)
