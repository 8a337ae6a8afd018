"""The messages between our process and the one that sends articles for its lanes.

Pickled, one in each packet: both ends are the same program. Bursts and their answers are pickled as
plain tuples, which is quicker. Refuses to know who sends one.
"""

from __future__ import annotations

from typing import NamedTuple

from usenetsync_tui.model.servers.servers import Server

LONGEST = 1 << 16
"""Bytes of a message, at most."""


# To the process


class Memory(NamedTuple):
    """Memory with articles; its descriptor comes along, unless nobody holds it any more."""

    number: int
    is_gone: bool = False


class Handshake(NamedTuple):
    """What TLS needs to know of a server: `tls_wire.TlsPeer`. Nothing of it is secret."""

    host: str
    ca_file: str | None
    verify_tls: bool
    seconds: float
    """Most that the handshake may take."""

    @classmethod
    def of(cls, server: Server, seconds: float) -> Handshake:
        """As the settings of a server say."""
        return cls(server.host, server.ca_file, server.verify_tls, seconds)


class ServedConnection(NamedTuple):
    """A connection; its descriptor comes along, then that of its channel.

    With a handshake a third one: what is written there is encrypted and sent, and what the server
    sends comes out of it.
    """

    timeout: float
    handshake: Handshake | None = None


class NoMore(NamedTuple):
    """All memories are gone and all lanes have closed: end when what they said last has left."""


# Over a channel


class Secured(NamedTuple):
    """What came of a handshake; as in `Unreachable`, without words: all is well."""

    words: str = ""
    permanent: bool = False


class SharedArticle(NamedTuple):
    """An article whose body is in shared memory."""

    memory: int
    """Its number."""
    offset: int
    size: int
    """Of the encoded body, which begins at the offset."""
    head: bytes
    tail: bytes
    wire_id: bytes

    @property
    def wire_size(self) -> int:
        """Bytes of the article as servers count them, without the terminating dot."""
        return len(self.head) + self.size + len(self.tail) - len(b".\r\n")


class Burst(NamedTuple):
    """Articles to send one after another."""

    timeout: float
    lowest: int
    window: float
    """As in `pace.Pace`."""
    answer_within: float
    """Most seconds for a whole answer."""
    articles: list[tuple[int, int, int, bytes, bytes, bytes]]


class Carried(NamedTuple):
    """How far a burst came."""

    taken: int
    """So many articles were sent and taken with a plain 240."""
    begun: bool = False
    """Whether the article after them was sent, in part at least."""
    stopped: bool = False
    """Whether something needs thought: the answer to that article, or what broke."""
    received: bytes = b""
    """What came last from the server and was not understood; it may be a part of a line."""
    broke: str = ""
    """Why the connection broke, in words; empty: it did not."""
    latency: float = 0.0
    """Seconds that the last answer took."""
