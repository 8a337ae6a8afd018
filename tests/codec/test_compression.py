"""Compression: round trips and invalid payloads."""

from __future__ import annotations

import lzma
import resource

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trees import SEGMENT, content

from usenetsync_tui.codec.compression import compress, decompress
from usenetsync_tui.errors import ArticleCorruptError
from usenetsync_tui.model.folders import Compression
from usenetsync_tui.model.segments import Codec

TEXT = b"the quick brown fox jumps over the lazy dog. " * 1_000

wanted = pytest.mark.parametrize("wanted", list(Compression))


@wanted
@settings(max_examples=50, deadline=None)
@given(data=st.binary(max_size=5_000) | st.binary(max_size=20).map(lambda b: b * 500))
def test_round_trip(wanted: Compression, data: bytes) -> None:
    codec, payload = compress(data, wanted)
    assert decompress(payload, codec, len(data)) == data
    assert len(payload) <= len(data)


@wanted
def test_random_bytes_are_not_compressed(wanted: Compression) -> None:
    data = content(SEGMENT)
    codec, payload = compress(data, wanted)
    assert (codec, payload) == (Codec.NONE, data)


@pytest.mark.parametrize("at", [0, SEGMENT // 2 - 32_768, SEGMENT - 65_536])
def test_payloads_that_shrink_in_part_are_compressed(at: int) -> None:
    data = bytearray(content(SEGMENT))
    data[at : at + 65_536] = bytes(65_536)
    codec, payload = compress(bytes(data), Compression.LZ4)
    assert codec is Codec.LZ4
    assert len(payload) < SEGMENT - 60_000
    assert decompress(payload, codec, SEGMENT) == data


@pytest.mark.parametrize("size", [0, 1, 2])
@wanted
def test_next_to_nothing(wanted: Compression, size: int) -> None:
    data = b"a" * size
    codec, payload = compress(data, wanted)
    assert decompress(payload, codec, size) == data


def test_each_wish_has_its_codec() -> None:
    lz4, dense = compress(TEXT, Compression.LZ4), compress(TEXT, Compression.LZMA)
    assert (lz4[0], dense[0]) == (Codec.LZ4, Codec.LZMA)
    assert len(dense[1]) < len(lz4[1]) < len(TEXT)
    assert compress(TEXT, Compression.NONE) == (Codec.NONE, TEXT)


@pytest.mark.parametrize("codec", list(Codec))
@pytest.mark.parametrize("size", [len(TEXT) - 1, len(TEXT) + 1, 0, 1])
def test_another_length_is_damage(codec: Codec, size: int) -> None:
    kind = {Codec.NONE: Compression.NONE, Codec.LZ4: Compression.LZ4, Codec.LZMA: Compression.LZMA}
    payload = compress(TEXT, kind[codec])[1]
    with pytest.raises(ArticleCorruptError):
        decompress(payload, codec, size)


@pytest.mark.parametrize("codec", [Codec.LZ4, Codec.LZMA])
@settings(max_examples=200, deadline=None)
@given(payload=st.binary(max_size=300), size=st.integers(0, 2_000))
def test_rubbish_never_does_worse_than_damage(codec: Codec, payload: bytes, size: int) -> None:
    try:
        assert len(decompress(payload, codec, size)) == size
    except ArticleCorruptError:
        pass


@pytest.mark.parametrize("wish", [Compression.LZ4, Compression.LZMA])
@settings(max_examples=100, deadline=None)
@given(at=st.integers(min_value=0), bit=st.integers(0, 7))
def test_a_flipped_bit_never_does_worse_than_damage(wish: Compression, at: int, bit: int) -> None:
    codec, payload = compress(TEXT, wish)
    broken = bytearray(payload)
    broken[at % len(broken)] ^= 1 << bit
    try:
        assert len(decompress(bytes(broken), codec, len(TEXT))) == len(TEXT)
    except ArticleCorruptError:
        pass


@pytest.mark.parametrize("wish", [Compression.LZ4, Compression.LZMA])
def test_cut_short_is_damage(wish: Compression) -> None:
    codec, payload = compress(TEXT, wish)
    for length in (0, 1, len(payload) // 2):
        with pytest.raises(ArticleCorruptError):
            decompress(payload[:length], codec, len(TEXT))


def test_a_bomb_does_not_go_off() -> None:
    bomb = lzma.compress(bytes(300 << 20), check=lzma.CHECK_NONE)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ArticleCorruptError):
        decompress(bomb, Codec.LZMA, SEGMENT)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10


def test_a_payload_cannot_ask_for_a_huge_dictionary() -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": 256 << 20}]
    greedy = lzma.compress(TEXT, lzma.FORMAT_XZ, check=lzma.CHECK_NONE, filters=filters)
    with pytest.raises(ArticleCorruptError, match="decompress"):
        decompress(greedy, Codec.LZMA, len(TEXT))
