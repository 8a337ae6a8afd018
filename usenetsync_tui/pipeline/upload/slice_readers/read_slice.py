"""A slice that a helper process has read: its digest, and what will be sent of it.

Knows how to get its payload and its own bytes back, which is rarely needed: when its article has
to be sealed once more, or was there before in another codec. Refuses to know processes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from usenetsync_tui.codec.sealing import open_sealed
from usenetsync_tui.codec.yenc import decoded
from usenetsync_tui.model.segments import Codec, Encoded
from usenetsync_tui.pipeline.run.segments import SliceData

Place = tuple[int, int]
"""Offset and size of a slice, as `SourceFile.read` takes them."""


@dataclass(slots=True)
class SlicePayload:
    """A payload that only its encoded bytes hold. `bytes` of it may raise ArticleCorruptError."""

    encoded: Encoded
    size: int
    key: bytes | None = field(repr=False)
    """What sealed it."""

    def __len__(self) -> int:
        return self.size

    def __bytes__(self) -> bytes:
        data = decoded(self.encoded)
        return data if self.key is None else open_sealed(self.key, data)[1]


class ReadSlice(NamedTuple):
    """A slice that was read, compressed, sealed and encoded."""

    digest: bytes
    codec: Codec
    data: SliceData
    payload: SlicePayload
    size: int
    """Of its own bytes."""
