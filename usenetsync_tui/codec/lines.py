"""What a server sends, as lines: cut out of bytes as they come, and fit for a screen.

Knows line ends and lone dots (RFC 3977 section 3.1). Refuses to know what a line means (`nntp`).
"""

from __future__ import annotations

from usenetsync_tui.errors import ProtocolError

MAX_LINE = 4_096
"""Octets of a reply line we read; the RFC allows 512, some servers are talkative."""

MAX_CAPABILITIES = 1_000
"""Lines of a CAPABILITIES answer we read."""


def printable(octets: bytes) -> str:
    """Bytes of a server, fit for a screen."""
    text = octets.decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


class Lines:
    """Cuts what a server sends into lines; gives the rest back for bodies."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def __len__(self) -> int:
        return len(self._buffer)

    def feed(self, data: bytes) -> None:
        """Add what was received."""
        self._buffer += data

    def line(self) -> bytes | None:
        """The next line without its end, None while it is not whole.

        A lone LF ends a line too. `ProtocolError` when it grows past `MAX_LINE`.
        """
        end = self._buffer.find(b"\n", 0, MAX_LINE)
        if end < 0:
            if len(self._buffer) >= MAX_LINE:
                raise ProtocolError(f"a line of it is longer than {MAX_LINE} bytes")
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line.removesuffix(b"\r")

    def rest(self) -> bytes:
        """Everything that was received and not taken yet."""
        data = bytes(self._buffer)
        self._buffer.clear()
        return data


class MultiLine:
    """The lines that follow a reply, up to the lone dot (RFC 3977 section 3.1.1)."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.done = False

    def add(self, line: bytes) -> None:
        """One line; `ProtocolError` when there are more than any server has to say."""
        if line == b".":
            self.done = True
            return
        if len(self.lines) >= MAX_CAPABILITIES:
            raise ProtocolError("its list of capabilities has no end")
        self.lines.append(line.removeprefix(b"."))
