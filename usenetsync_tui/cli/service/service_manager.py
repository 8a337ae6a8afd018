"""Tells systemd how we are: sd_notify(3), in the few lines that its protocol takes.

A datagram to the socket that ``NOTIFY_SOCKET`` names; without the variable, nothing. A manager that
does not read, or is gone, never holds us up.
"""

from __future__ import annotations

import os
import socket
from collections.abc import MutableMapping
from contextlib import suppress

_MICROSECONDS = 1_000_000
_EXTENSION = 60
"""Seconds by which a start that waits (for the database, for another engine) extends its time."""


class ServiceManager:
    """The connection to the manager that started us, if one did."""

    def __init__(self, variables: MutableMapping[str, str]) -> None:
        """Takes its variables out of `variables`, so that our children do not answer for us."""
        name = variables.pop("NOTIFY_SOCKET", "")
        seconds = _watchdog_seconds(variables)
        self.watchdog_every = seconds / 2 if seconds and name else None
        """Seconds between two signs of life; None: none are wanted."""
        self._address = "\0" + name[1:] if name.startswith("@") else name
        self._socket: socket.socket | None = None
        if name.startswith(("@", "/")):
            flags = socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
            self._socket = socket.socket(socket.AF_UNIX, flags)
        self._status = ""
        self._is_ready = False

    def ready(self) -> None:
        """The service works; said once."""
        if not self._is_ready:
            self._is_ready = True
            self._send("READY=1")

    def status(self, words: str) -> None:
        """What it does now, in one line (`systemctl status`)."""
        if words != self._status:
            self._status = words
            self._send("STATUS=" + words.replace("\n", " "))

    def still_starting(self) -> None:
        """It is not ready, and not stuck either."""
        if not self._is_ready:
            self._send(f"EXTEND_TIMEOUT_USEC={_EXTENSION * _MICROSECONDS}")

    def alive(self) -> None:
        """A sign of life."""
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """It has been asked to stop, and does."""
        self._send("STOPPING=1")

    def _send(self, words: str) -> None:
        if self._socket is not None:
            with suppress(OSError):
                self._socket.sendto(os.fsencode(words), self._address)

    def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()


def _watchdog_seconds(variables: MutableMapping[str, str]) -> float:
    """Seconds within which the manager wants a sign of life of this process; 0: it does not."""
    microseconds = variables.pop("WATCHDOG_USEC", "")
    pid = variables.pop("WATCHDOG_PID", "")
    if not microseconds.isdecimal() or pid not in ("", str(os.getpid())):
        return 0.0
    return int(microseconds) / _MICROSECONDS
