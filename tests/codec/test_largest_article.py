"""The largest article: posted articles can be decoded, and larger ones are refused."""

from __future__ import annotations

import pytest
from trees import content

from usenetsync_tui.codec.envelope import Envelope
from usenetsync_tui.codec.yenc import BODY_LIMIT, BodyReader, encode, likely_payload, likely_size
from usenetsync_tui.errors import StoreError
from usenetsync_tui.model.segments import LARGEST_PAYLOAD, SEGMENT_SIZE, Article, Part

ENVELOPE = Envelope("id@x.invalid", "a@b.invalid", "alt.test", "subject", b"name")


def posted(payload: bytes, part: Part | None = None) -> bytes:
    made = encode(Article(bytes(16), payload, part), ENVELOPE, date=None)
    return b"".join(made.buffers)


def fetched(wire: bytes, step: int) -> bytes:
    reader, at, view = BodyReader(), 0, memoryview(wire + b"223 0 <next@x>\r\n" * 5000)
    while not reader.done:
        at += reader.feed(view[at : at + step])
    assert at == len(wire)
    return reader.result()


PAYLOADS = {
    "random": lambda size: content(size, 1),
    "critical": lambda size: b"\xd6\xe0\xe3\x13" * (size // 4) + b"\x13" * (size % 4),
    "zeros": bytes,
}


@pytest.mark.parametrize("kind", PAYLOADS)
@pytest.mark.parametrize("less", [0, 1, 65_536])
def test_the_largest_payload_comes_back(kind: str, less: int) -> None:
    payload = PAYLOADS[kind](LARGEST_PAYLOAD - less)
    wire = posted(payload)
    assert len(wire) < BODY_LIMIT
    for step in (1 << 16, 1_000_003, len(wire)):
        assert fetched(wire, step) == payload


def test_the_largest_payload_comes_back_as_a_part_of_a_huge_file() -> None:
    payload = content(LARGEST_PAYLOAD, 2)
    part = Part(b"file", 70_000, 90_000, 69_999 * LARGEST_PAYLOAD, 90_000 * LARGEST_PAYLOAD)
    assert fetched(posted(payload, part), 1 << 16) == payload


@pytest.mark.parametrize("more", [1, 65_536, 2 << 20, 54 << 20])
@pytest.mark.parametrize("part", [None, Part(b"file", 1, 2, 0, 1 << 30)])
def test_a_larger_payload_is_refused(more: int, part: Part | None) -> None:
    with pytest.raises(
        StoreError, match=r"^The article .*10,420,224 can be decoded.*smaller chunk_size"
    ):
        posted(bytes(LARGEST_PAYLOAD + more), part)


@pytest.mark.parametrize("size", [1, 1000, 100_000, SEGMENT_SIZE, LARGEST_PAYLOAD])
def test_the_size_of_an_article_is_known_beforehand(size: int) -> None:
    wire = len(posted(content(size, 3)))
    assert wire <= likely_size(size)
    assert likely_size(size) - wire < 500 + size / 1000
    fits = likely_payload(likely_size(size))
    assert fits <= size
    assert likely_size(fits) <= likely_size(size)
