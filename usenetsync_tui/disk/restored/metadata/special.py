"""FIFOs, sockets and devices of a version, made under a temporary name. Nothing here opens one."""

from __future__ import annotations

import errno
import os
import stat

from usenetsync_tui.codec.index.attributes import device_number
from usenetsync_tui.disk.restored.borrowed import BorrowedDirectory
from usenetsync_tui.errors import TargetFileError
from usenetsync_tui.model.entries import DEVICES, FILE_TYPES, FileKind
from usenetsync_tui.model.text.words import KIND_WORDS
from usenetsync_tui.model.value_object import value_object

_REFUSED = frozenset((errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL))


@value_object
class Special:
    """What a special file is."""

    kind: FileKind
    number: bytes | None
    """Of a device: ``major:minor``."""

    @property
    def device(self) -> int:
        """The number as mknod(2) takes it; 0 for others."""
        return os.makedev(*device_number(self.number)) if self.kind in DEVICES else 0

    def status(self, directory: BorrowedDirectory, name: bytes) -> os.stat_result | None:
        """The status of such a file that is there already; None: there is none. Raises OSError."""
        try:
            found = os.stat(name, dir_fd=directory.fd, follow_symlinks=False)
        except FileNotFoundError:
            return None
        return found if self.is_like(found) else None

    def is_like(self, status: os.stat_result) -> bool:
        """Whether an existing entry is one like that, with any attributes."""
        is_kind = stat.S_IFMT(status.st_mode) == FILE_TYPES[self.kind]
        return is_kind and (self.kind not in DEVICES or status.st_rdev == self.device)

    def make(self, directory: BorrowedDirectory, temp: bytes) -> None:
        """Make it for its owner alone. Raises OSError, and TargetFileError when it cannot be."""
        try:
            try:
                os.mknod(temp, FILE_TYPES[self.kind] | 0o600, self.device, dir_fd=directory.fd)
            except FileExistsError:  # left by a killed run, or planted
                os.unlink(temp, dir_fd=directory.fd)
                os.mknod(temp, FILE_TYPES[self.kind] | 0o600, self.device, dir_fd=directory.fd)
        except OSError as caught:
            if caught.errno not in _REFUSED:
                raise
            what = f"a {KIND_WORDS[self.kind]}"
            if os.geteuid() and self.kind in DEVICES:
                raise TargetFileError(f"{what}: only root may make one") from caught
            raise TargetFileError(f"{what} cannot be made here ({caught.strerror})") from caught
