"""compress: a segment's identity (SHA-256) and its payload, in one worker-thread call.

Two CPU steps on the same bytes are fused: handing 768,000 bytes from thread to thread
would only add a hop.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from anyio import to_thread
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from usenetsync_tui.codec import compression
from usenetsync_tui.model.folders import Compression, Profile
from usenetsync_tui.model.segments import Codec
from usenetsync_tui.pipeline.read import FileAbandoned, FileRead, RawSegment, ReadItem
from usenetsync_tui.pipeline.run import Run, Stage


@dataclass(frozen=True, slots=True)
class DressedSegment:
    """A segment with its digest and payload."""

    raw: RawSegment
    hash: bytes
    codec: Codec
    payload: bytes


COMPRESSION_OF = {
    Codec.NONE: Compression.NONE,
    Codec.LZ4: Compression.LZ4,
    Codec.LZMA: Compression.LZMA,
}

DressedItem = DressedSegment | FileRead | FileAbandoned


def wanted_compression(run: Run) -> Compression:
    """`plain` articles hold the file's own bytes."""
    plain = run.folder.realm.profile is Profile.PLAIN
    return Compression.NONE if plain else run.folder.compression


def dress(raw: RawSegment, wanted: Compression) -> DressedSegment:
    """Digest and payload of a segment. Blocking; leaves the GIL for nearly all of it."""
    codec, payload = compression.compress(raw.data, wanted)
    return DressedSegment(raw, hashlib.sha256(raw.data).digest(), codec, payload)


async def compress(
    run: Run,
    stage: Stage,
    worker: int,
    items: MemoryObjectReceiveStream[ReadItem],
    out: MemoryObjectSendStream[DressedItem],
) -> None:
    """One compressing worker."""
    wanted, slot = wanted_compression(run), stage.slots[worker]
    async with items, out:
        async for item in items:
            if not isinstance(item, RawSegment):
                await out.send(item)
                continue
            with slot.working(item.path, f"segment {item.index + 1}/{item.object.segments}"):
                dressed = await to_thread.run_sync(dress, item, wanted)
            stage.done += 1
            await out.send(dressed)
