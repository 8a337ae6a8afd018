"""The messages between an upload and a process that reads slices for it.

Pickled, one in each packet: both ends are the same program. The first tells the process how slices
are made; each after it asks for some of one file, whose descriptor comes with it. The answer has
one `MadeSlice` for each of them. Refuses to know who sends a message.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from usenetsync_tui.model.digests import DigestAlgorithm
from usenetsync_tui.model.folders import Compression

LONGEST = 1 << 16
"""Bytes of a message, at most."""
MOST_PIECES = 2_000
"""Pieces of a file in one message, at most."""

Pieces = list[tuple[int, int]]
"""Where the bytes of a slice lie in their file: offsets and lengths."""


@dataclass(frozen=True, slots=True)
class Making:
    """How the slices of a run are made ready to be sent."""

    algorithm: DigestAlgorithm
    compression: Compression
    key: bytes | None = field(repr=False)
    """Seals them; None: they are not sealed."""
    padded_to: int
    """As in `model.ports.stores.OpenRealm`."""
    slot_size: int
    """Bytes of each slot in the shared memory."""


WantedSlice = tuple[Pieces, int, bytes | None]
"""A slice to read, the slot where its encoded bytes are to be, and the nonce that seals it, and
nothing else. A plain tuple, which pickle knows: there is one for each article."""

MadeSlice = tuple[bytes, int, int, int, int, int]
"""A slice that was read; its encoded bytes are in its slot. A plain tuple, too: its digest, codec,
bytes of the payload (what is left of the slice when it is compressed), of the payload when it is
sealed, and of that in yEnc, and the CRC-32 of what was encoded."""

Answer = list[MadeSlice | None]
"""None: the caller must read the slice itself."""
