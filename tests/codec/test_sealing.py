"""Sealing: round trips, fixed vectors, and payloads that must not open."""

from __future__ import annotations

import math

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import example, given
from hypothesis import strategies as st
from trees import SEGMENT, content

from usenetsync_tui.codec.padding import LADDER, SMALLEST
from usenetsync_tui.codec.sealing import (
    RENEW_AFTER,
    SEAL_OVERHEAD,
    UNIT,
    open_sealed,
    seal,
    sealed_size,
)
from usenetsync_tui.errors import ArticleCorruptError
from usenetsync_tui.model.segments import Codec

KEY, NONCE = bytes(range(32)), bytes(range(12))


# --- as they are -------------------------------------------------------------------------


def test_a_sealed_payload_is_nonce_then_gcm_of_codec_and_payload() -> None:
    encryptor = Cipher(algorithms.AES(KEY), modes.GCM(NONCE)).encryptor()
    expected = encryptor.update(b"\x01payload") + encryptor.finalize()
    assert seal(KEY, NONCE, Codec.LZ4, b"payload") == NONCE + expected + encryptor.tag


@given(st.binary(max_size=200), st.sampled_from(Codec), st.binary(min_size=12, max_size=12))
def test_a_sealed_payload_opens(payload: bytes, codec: Codec, nonce: bytes) -> None:
    data = seal(KEY, nonce, codec, payload)
    assert len(data) == len(payload) + SEAL_OVERHEAD
    assert open_sealed(KEY, data) == (codec, payload)


def test_a_whole_segment_opens() -> None:
    payload = content(SEGMENT)
    assert open_sealed(KEY, seal(KEY, NONCE, Codec.NONE, payload)) == (Codec.NONE, payload)


@given(st.integers(min_value=0), st.integers(0, 7))
def test_a_flipped_bit_does_not_open(at: int, bit: int) -> None:
    data = bytearray(seal(KEY, NONCE, Codec.LZ4, b"payload"))
    data[at % len(data)] ^= 1 << bit
    with pytest.raises(ArticleCorruptError):
        open_sealed(KEY, bytes(data))


@given(st.binary(max_size=100))
def test_any_bytes_do_not_open(data: bytes) -> None:
    with pytest.raises(ArticleCorruptError):
        open_sealed(KEY, data)


def test_another_key_does_not_open() -> None:
    with pytest.raises(ArticleCorruptError, match="key"):
        open_sealed(bytes(32), seal(KEY, NONCE, Codec.NONE, b"x"))


def test_a_codec_of_the_future_is_named() -> None:
    sealed = seal(KEY, NONCE, 77, b"x")  # type: ignore[arg-type]
    with pytest.raises(ArticleCorruptError, match="77"):
        open_sealed(KEY, sealed)


@pytest.mark.parametrize(("key", "nonce"), [(KEY[:16], NONCE), (KEY, NONCE[:8]), (b"", b"")])
def test_weaker_keys_and_nonces_are_not_taken(key: bytes, nonce: bytes) -> None:
    with pytest.raises(ValueError, match="AES-256"):
        seal(key, nonce, Codec.NONE, b"x")


# --- padded ------------------------------------------------------------------------------


def plaintext(data: bytes) -> bytes:
    return AESGCM(KEY).decrypt(data[:12], data[12:], None)


def test_the_vectors_of_the_specification() -> None:
    unpadded = seal(KEY, NONCE, Codec.LZ4, b"payload")
    assert unpadded[12:].hex() == "4672b762a98aa37f284bc05ce8cc46b95e7a4ecdf9b9493b"
    padded = seal(KEY, NONCE, Codec.LZ4, b"payload", 12 + 16 + 16)
    assert plaintext(padded).hex() == "81000000077061796c6f616400000000"
    assert padded[12:].hex() == "c602d61bc295a362e12ef6efb1e9786d7a1c58427f328b927b4212be4cef7b1d"


@given(st.binary(max_size=3000), st.sampled_from(Codec), st.integers(1024, 4000))
@example(b"", Codec.NONE, 1024)
def test_a_padded_payload_opens(payload: bytes, codec: Codec, full: int) -> None:
    size = sealed_size(len(payload), full)
    data = seal(KEY, NONCE, codec, payload, size)
    assert len(data) == size
    assert open_sealed(KEY, data) == (codec, payload)
    plain = plaintext(data)
    assert plain[0] == codec | 0x80
    assert not any(plain[5 + len(payload) :])


def test_a_whole_padded_segment_opens_and_costs_four_bytes() -> None:
    payload = content(SEGMENT)
    size = sealed_size(SEGMENT, SEGMENT)
    assert size == SEGMENT + SEAL_OVERHEAD + 4
    data = seal(KEY, NONCE, Codec.NONE, payload, size)
    assert open_sealed(KEY, data) == (Codec.NONE, payload)


def test_scratch_of_a_larger_payload_does_not_show_in_the_padding() -> None:
    seal(KEY, NONCE, Codec.NONE, b"\xff" * 5000)
    data = seal(KEY, NONCE, Codec.NONE, b"x", sealed_size(1, SEGMENT))
    assert plaintext(data)[6:] == bytes(SMALLEST - 6)


@pytest.mark.parametrize(
    ("plain", "words"),
    [
        (b"\x80", "too short"),
        (b"\x80\0\0\0", "too short"),
        (b"\x80\0\0\0\x02x", "the 2 bytes it claims"),
        (b"\x81\xff\xff\xff\xffpayload", "bytes it claims"),
        (b"\x80\0\0\0\x01xy", "not all zeros"),
        (b"\x80\0\0\0\x01x\0\0\x01", "not all zeros"),
        (b"\x90\0\0\0\x01x", "codec 144"),
        (b"\x40x", "codec 64"),
        (b"\xffxxxxxx", "codec 255"),
    ],
)
def test_a_plaintext_that_lies_is_a_damaged_article(plain: bytes, words: str) -> None:
    data = NONCE + AESGCM(KEY).encrypt(NONCE, plain, None)
    with pytest.raises(ArticleCorruptError, match=words):
        open_sealed(KEY, data)


@given(st.binary(min_size=1, max_size=60))
def test_any_plaintext_opens_or_is_damaged(plain: bytes) -> None:
    data = NONCE + AESGCM(KEY).encrypt(NONCE, plain, None)
    try:
        codec, payload = open_sealed(KEY, data)
    except ArticleCorruptError:
        return
    assert codec in Codec
    assert payload in plain


@given(st.integers(SMALLEST, 20_000_000), st.sampled_from([SEGMENT, 100_000, 64 << 20]))
def test_padding_costs_twelve_percent_at_most(payload: int, full: int) -> None:
    without, padded = sealed_size(payload), sealed_size(payload, full)
    assert without < padded <= without * 1.12 or payload >= full
    if payload >= full:
        assert padded == without + 4


def test_there_are_few_sizes() -> None:
    sizes = {sealed_size(payload, SEGMENT) for payload in range(SEGMENT + 1)}
    assert len(sizes) == 65
    assert sizes == {s + 28 for s in LADDER if s < SEGMENT} | {SEGMENT + 33}
    assert len({sealed_size(payload) for payload in range(SEGMENT + 1)}) == SEGMENT + 1


def test_sizes_grow_with_the_payload() -> None:
    sizes = [sealed_size(payload, SEGMENT) for payload in range(0, SEGMENT + 1, 7)]
    assert sizes == sorted(sizes)


# --- how much one key may seal ------------------------------------------------------------


def nonces_meet(articles: float) -> float:
    """log2 of the largest possible probability: q²/2^97."""
    return 2 * math.log2(articles) - 97


def blocks_show(blocks: float) -> float:
    """log2 of the largest possible probability: s²/2^129."""
    return 2 * math.log2(blocks) - 129


def test_the_arithmetic_of_the_docstring() -> None:
    blocks = math.ceil((SEGMENT + 5) / 16) + 1
    assert blocks == 48_002
    assert round(nonces_meet(60e6), 1) == -45.3
    assert round(blocks_show(60e6 * blocks), 1) == -46.2
    assert round(nonces_meet(2**32)) == -33
    assert RENEW_AFTER == 2**28 > 4 * 60e6
    assert nonces_meet(RENEW_AFTER) <= -41
    # A unit has no more blocks than these, whatever the size of a segment.
    assert blocks_show(RENEW_AFTER * (UNIT / 16 + 3)) <= -40.99
    assert (2**32 - RENEW_AFTER) * SEGMENT > 3e15, "petabytes, in one upload"
