"""digest_filter: which digests a run has planned, in memory of a fixed size.

A Bloom filter: what it says is new is new; what it says is known must be looked up. It spares an
upload into an empty realm nearly all lookups, each of which searches 16 shards. Refuses to know
where digests are looked up.
"""

from __future__ import annotations

from collections.abc import Collection
from struct import Struct

_BYTES = 1 << 22
"""Of new digests, one in a hundred is looked up after 3 million (2 TB), one in four after 10."""
_MASK = _BYTES * 8 - 1
_PLACES = Struct(">IIII").unpack_from
"""Of a digest, whose bits are as good as random ones: four numbers."""


class DigestFilter:
    """The digests that were given to it."""

    def __init__(self) -> None:
        self._bits = bytearray(_BYTES)

    def take(self, digests: Collection[bytes]) -> set[bytes]:
        """Those that were given before, and a few others; all count as given from now on."""
        bits, known = self._bits, set[bytes]()
        for digest in digests:
            was_there = True
            for number in _PLACES(digest):
                byte, bit = (number & _MASK) >> 3, 1 << (number & 7)
                if not bits[byte] & bit:
                    was_there = False
                    bits[byte] |= bit
            if was_there:
                known.add(digest)
        return known
