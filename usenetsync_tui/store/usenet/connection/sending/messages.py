"""The messages between a lane and the process that sends articles for it.

Pickled tuples, one in each packet: both ends are the same program. Refuses to know who sends one.
"""

from __future__ import annotations

from typing import NamedTuple

LONGEST = 1 << 16
"""Bytes of a message, at most."""


class SharedArticle(NamedTuple):
    """An article whose body is in shared memory."""

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
    articles: list[tuple[int, int, bytes, bytes, bytes]]


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
