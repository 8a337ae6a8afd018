"""The lines that a server sends: cut from bytes as they arrive, and safe for a screen.

Knows line ends and lone dots (RFC 3977 section 3.1). Refuses to know what a line means (`nntp`).
"""

from __future__ import annotations

from usenetsync_tui.errors import ProtocolError

MAX_LINE = 4_096
"""The most octets of a reply line; the RFC allows 512, but some servers send more."""

MAX_CAPABILITIES = 1_000
"""The most lines of a CAPABILITIES answer."""


def printable(octets: bytes) -> str:
    """A server's bytes as text that is safe for a screen."""
    text = octets.decode("utf-8", "backslashreplace")
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


class Lines:
    """Cuts received bytes into lines; returns the rest for bodies."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def __len__(self) -> int:
        return len(self._buffer)

    def feed(self, data: bytes) -> None:
        """Add received bytes."""
        self._buffer += data

    def line(self) -> bytes | None:
        """The next line without its end; None while it is incomplete.

        A lone LF ends a line too. `ProtocolError` when it is longer than `MAX_LINE`.
        """
        if not self._buffer:
            return None
        end = self._buffer.find(b"\n", 0, MAX_LINE)
        if end < 0:
            if len(self._buffer) >= MAX_LINE:
                raise ProtocolError(f"one of its lines is longer than {MAX_LINE} bytes")
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line.removesuffix(b"\r")

    def rest(self) -> bytes:
        """All received bytes that were not taken yet."""
        data = bytes(self._buffer)
        self._buffer.clear()
        return data


class MultiLine:
    """The lines that follow a reply, up to the lone dot (RFC 3977 section 3.1.1)."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.done = False

    def add(self, line: bytes) -> None:
        """Add a line; `ProtocolError` after more than `MAX_CAPABILITIES` lines."""
        if line == b".":
            self.done = True
            return
        if len(self.lines) >= MAX_CAPABILITIES:
            raise ProtocolError("its list of capabilities has no end")
        self.lines.append(line.removeprefix(b"."))
