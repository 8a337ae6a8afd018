"""articles: makes the article that carries a planned segment.

The row that the ledger planned and the bytes of the slice determine the article, so a new upload
(`assign`) and the repeat of an earlier run (`settle`) make the same article from the same row.
Knows an article's headers and how it is compressed and sealed; refuses to know where its bytes
come from.
"""

from __future__ import annotations

from typing import Protocol

from usenetsync_tui.codec import compression
from usenetsync_tui.model.folders import Compression, Profile
from usenetsync_tui.model.segments import Article, Bytes, Codec, Encoded, Part, Segment
from usenetsync_tui.pipeline.posting.ledger import OutgoingArticle, sealing_of
from usenetsync_tui.pipeline.run.job_run import JobRun

_COMPRESSION_OF = {
    Codec.NONE: Compression.NONE,
    Codec.LZ4: Compression.LZ4,
    Codec.LZMA: Compression.LZMA,
}


class SegmentLayout(Protocol):
    """How an object is cut into segments."""

    @property
    def size(self) -> int:
        """Bytes of the object."""

    @property
    def segment_size(self) -> int:
        """Bytes of each segment but the last."""

    @property
    def segments(self) -> int:
        """How many segments the object has."""


def payload_of(data: bytes, codec: Codec) -> bytes:
    """A slice in the codec that its article was planned with: a Message-ID names one payload.

    Blocking.
    """
    if codec is Codec.LZ4:  # it was smaller then, whatever samples of it say
        return compression.compress_sparse(data, Compression.LZ4)[1]
    return compression.compress(data, _COMPRESSION_OF[codec])[1]


def posting_of(
    run: JobRun,
    made: SegmentLayout,
    segment: Segment,
    payload: Bytes,
    *,
    path: bytes,
    copies: int,
    nonce: bytes | None,
    credit: int,
    held: int,
    again: bool,
    encoded: Encoded | None = None,
) -> OutgoingArticle:
    """The article of a planned segment, ready to be posted: `payload` is its slice, in its codec.

    `path` is the (first) file in it, `copies` how many articles each of the object's slices has.
    `nonce` seals this article, and nothing else. `credit` counts the source bytes that are done
    when the article is posted, `held` those that stay in memory until then. `again`: the article
    may have been sent before. `encoded`: the payload in yEnc, which the article takes if the same
    nonce sealed it.
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
        sealing_of(run.open_realm, segment.codec, nonce, len(payload)),
        encoded if encoded is not None and encoded.nonce == nonce else None,
    )
    return OutgoingArticle(article, path, credit, held, segment.codec, nonce)
