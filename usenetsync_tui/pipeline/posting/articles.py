"""articles: a planned segment as the article that carries it.

What the ledger planned and the bytes of the slice are all there is to it: the plan of a new upload
(`assign`) and what an earlier run left (`settle`) make the same article of the same row. Knows what
an article says of itself and how it is compressed and sealed; refuses to know where its bytes
come from.
"""

from __future__ import annotations

from typing import Protocol

from usenetsync_tui.codec import compression
from usenetsync_tui.model.folders import Compression, Profile
from usenetsync_tui.model.segments import Article, Codec, Part, Segment
from usenetsync_tui.pipeline.posting.ledger import OutgoingArticle
from usenetsync_tui.pipeline.run.job_run import JobRun

_COMPRESSION_OF = {
    Codec.NONE: Compression.NONE,
    Codec.LZ4: Compression.LZ4,
    Codec.LZMA: Compression.LZMA,
}


class Cut(Protocol):
    """How an object is cut into segments."""

    @property
    def size(self) -> int:
        """Bytes of the object."""

    @property
    def segment_size(self) -> int:
        """Bytes of each segment but the last."""

    @property
    def segments(self) -> int:
        """How many there are."""


def payload_of(data: bytes, codec: Codec) -> bytes:
    """A slice in the codec its article was planned with: an id names one payload. Blocking."""
    return compression.compress(data, _COMPRESSION_OF[codec])[1]


def posting_of(
    run: JobRun,
    made: Cut,
    segment: Segment,
    payload: bytes,
    *,
    path: bytes,
    copies: int,
    nonce: bytes | None,
    credit: int,
    held: int,
    again: bool,
) -> OutgoingArticle:
    """The article of a planned segment, on its way: `payload` is its slice, in its codec.

    `path` is the (first) file in it, `copies` how many articles each of the object's slices has.
    `nonce` seals this one, and nothing else. `credit` and `held` are bytes of the source: done when
    it is there, and in memory until then. `again`: it may have been sent before.
    """
    part = None
    if run.folder.realm.profile is Profile.PLAIN:
        begin = segment.index * made.segment_size
        part = Part(path, segment.index + 1, made.segments, begin, made.size)
    article = Article(
        segment.message_id,
        payload,
        part,
        segment.redundancy,
        segment.hash[0] if copies > 1 else None,
        again,
        segment.by_body,
    )
    return OutgoingArticle(article, path, credit, held, segment.codec, nonce)
