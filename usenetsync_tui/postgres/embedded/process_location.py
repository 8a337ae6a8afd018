"""Where a process runs: host, boot and process namespace. For people, and for what to say.

A process id means something only together with these. Nothing is decided by them that could
harm the data: that is the locks' business.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_NAMESPACE = Path("/proc/self/ns/pid")


@dataclass(frozen=True, slots=True)
class ProcessLocation:
    """A host and a room of processes on it."""

    host: str
    room: str
    """The boot and the process namespace; processes of one room see each other."""

    @classmethod
    def here(cls) -> ProcessLocation:
        """Where we run."""
        try:
            room = f"{_BOOT.read_text().strip()}/{_NAMESPACE.stat().st_ino}"
        except OSError:
            room = "-"  # Neither Linux nor anything like it: there are no such rooms.
        return cls("".join(socket.gethostname().split()) or "-", room)

    @property
    def is_here(self) -> bool:
        """Whether that is where we run: its process ids are ours."""
        return self.room == ProcessLocation.here().room

    @property
    def is_this_boot(self) -> bool:
        """Whether that is this machine, in whatever process namespace, since it was booted."""
        return self.room.partition("/")[0] == ProcessLocation.here().room.partition("/")[0]
