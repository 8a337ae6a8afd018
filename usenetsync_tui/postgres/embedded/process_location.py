"""Where a process runs: host, boot and process namespace. Used for messages.

A process id means something only together with these. They decide nothing that could harm the
data; only the locks do.
"""

from __future__ import annotations

import socket
from pathlib import Path

from usenetsync_tui.model.value_object import value_object

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_NAMESPACE = Path("/proc/self/ns/pid")


@value_object
class ProcessLocation:
    """A host, and the boot and process namespace on it."""

    host: str
    room: str
    """The boot and the process namespace; processes with the same one see each other."""

    @classmethod
    def here(cls) -> ProcessLocation:
        """The location of this process."""
        try:
            room = f"{_BOOT.read_text().strip()}/{_NAMESPACE.stat().st_ino}"
        except OSError:
            room = "-"  # Not Linux: there are no process namespaces.
        return cls("".join(socket.gethostname().split()) or "-", room)

    @property
    def is_here(self) -> bool:
        """Whether its process ids mean the same as ours."""
        return self.room == ProcessLocation.here().room

    @property
    def is_this_boot(self) -> bool:
        """Whether it is this machine since its last boot, in any process namespace."""
        return self.room.partition("/")[0] == ProcessLocation.here().room.partition("/")[0]
