"""Sealing and key wrapping: round trips, fixed vectors, and everything that must not open."""

from __future__ import annotations

import hashlib
import resource
import struct

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given, settings
from hypothesis import strategies as st
from trees import SEGMENT, content

from usenetsync_tui.codec import sealing
from usenetsync_tui.codec.sealing import (
    SEAL_OVERHEAD,
    KeySecret,
    SecretKind,
    open_sealed,
    seal,
    unwrap_key,
    wrap_key,
)
from usenetsync_tui.errors import ArticleCorruptError, KeyUnavailableError
from usenetsync_tui.model.segments import Codec

KEY, NONCE, SALT = bytes(range(32)), bytes(range(12)), bytes(range(16))
FOLDER_KEY = hashlib.sha256(b"folder").digest()
FILE = KeySecret.key_file(b"k" * 32)
PHRASE = KeySecret.passphrase("correct horse")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """scrypt that does not take its half second."""
    monkeypatch.setattr(sealing, "_LOG2_N", 4)


# --- payloads ----------------------------------------------------------------------------


def test_a_sealed_payload_is_nonce_then_gcm_of_codec_and_payload() -> None:
    encryptor = Cipher(algorithms.AES(KEY), modes.GCM(NONCE)).encryptor()
    expected = encryptor.update(b"\x01payload") + encryptor.finalize()
    assert seal(KEY, NONCE, Codec.LZ4, b"payload") == NONCE + expected + encryptor.tag


@given(st.binary(max_size=200), st.sampled_from(Codec), st.binary(min_size=12, max_size=12))
def test_what_is_sealed_opens(payload: bytes, codec: Codec, nonce: bytes) -> None:
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


# --- keys --------------------------------------------------------------------------------


def test_the_wrapped_key_of_a_key_file_keeps_its_format() -> None:
    blob = wrap_key(FOLDER_KEY, FILE, salt=SALT, nonce=NONCE)
    assert blob[:36] == b"USK\x01\x01" + SALT + b"\0\0\0" + NONCE
    assert len(blob) == 84
    assert hashlib.sha256(blob).hexdigest() == (
        "d9a9de2f60f7f1b6d8ed08822517d21aa90bec151c5935b8d5b5e8819e822d53"
    )
    assert unwrap_key(blob, FILE) == FOLDER_KEY


def test_the_wrapped_key_of_a_passphrase_keeps_its_format() -> None:
    blob = wrap_key(FOLDER_KEY, PHRASE, salt=SALT, nonce=NONCE)
    assert blob[:36] == b"USK\x01\x02" + SALT + bytes([17, 8, 1]) + NONCE
    kek = hashlib.scrypt(b"correct horse", salt=SALT, n=2**17, r=8, p=1, maxmem=1 << 28, dklen=32)
    decryptor = Cipher(algorithms.AES(kek), modes.GCM(NONCE, blob[-16:])).decryptor()
    decryptor.authenticate_additional_data(blob[:24])
    assert decryptor.update(blob[36:-16]) + decryptor.finalize() == FOLDER_KEY
    assert unwrap_key(blob, PHRASE) == FOLDER_KEY


@pytest.mark.usefixtures("quick")
def test_parameters_travel_in_the_blob(monkeypatch: pytest.MonkeyPatch) -> None:
    blob = wrap_key(FOLDER_KEY, PHRASE, salt=SALT, nonce=NONCE)
    monkeypatch.setattr(sealing, "_LOG2_N", 5)
    assert unwrap_key(blob, PHRASE) == FOLDER_KEY


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("secret", [FILE, PHRASE])
def test_every_byte_of_a_wrapped_key_counts(secret: KeySecret) -> None:
    blob = wrap_key(FOLDER_KEY, secret, salt=SALT, nonce=NONCE)
    for at in range(len(blob)):
        broken = bytearray(blob)
        broken[at] ^= 1
        with pytest.raises(KeyUnavailableError):
            unwrap_key(bytes(broken), secret)


@pytest.mark.usefixtures("quick")
def test_the_wrong_secret_says_so() -> None:
    by_file = wrap_key(FOLDER_KEY, FILE, salt=SALT, nonce=NONCE)
    by_phrase = wrap_key(FOLDER_KEY, PHRASE, salt=SALT, nonce=NONCE)
    with pytest.raises(KeyUnavailableError, match="wrapped by a passphrase, not by a key file"):
        unwrap_key(by_phrase, FILE)
    with pytest.raises(KeyUnavailableError, match="wrapped by a key file, not by a passphrase"):
        unwrap_key(by_file, PHRASE)
    with pytest.raises(KeyUnavailableError, match="passphrase is not the right one"):
        unwrap_key(by_phrase, KeySecret.passphrase("correct house"))
    with pytest.raises(KeyUnavailableError, match="key file is not the right one"):
        unwrap_key(by_file, KeySecret.key_file(b"k" * 33))


@pytest.mark.usefixtures("quick")
def test_a_passphrase_is_the_same_however_its_accents_are_typed() -> None:
    blob = wrap_key(FOLDER_KEY, KeySecret.passphrase("caf\u00e9"), salt=SALT, nonce=NONCE)
    assert unwrap_key(blob, KeySecret.passphrase("cafe\u0301")) == FOLDER_KEY


@pytest.mark.parametrize(
    "cost",
    [
        (31, 8, 1),
        (255, 255, 255),
        (20, 8, 1),
        (17, 255, 1),
        (0, 8, 1),
        (17, 0, 1),
        (17, 8, 0),
        (17, 8, 5),
    ],
)
def test_a_blob_cannot_ask_for_gigabytes(cost: tuple[int, int, int]) -> None:
    blob = struct.pack("3sBB16sBBB", b"USK", 1, 2, SALT, *cost) + bytes(60)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(KeyUnavailableError, match=r"damaged\.|memory"):
        unwrap_key(blob, PHRASE)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 16 << 10


@settings(max_examples=300)
@given(st.binary(max_size=100) | st.binary(min_size=80, max_size=80).map(lambda b: b"USK\1" + b))
def test_any_blob_does_not_open(blob: bytes) -> None:
    with pytest.raises(KeyUnavailableError):
        unwrap_key(blob, FILE)


def test_a_version_of_the_future_is_named() -> None:
    blob = wrap_key(FOLDER_KEY, FILE, salt=SALT, nonce=NONCE)
    with pytest.raises(KeyUnavailableError, match="newer"):
        unwrap_key(blob[:3] + b"\x02" + blob[4:], FILE)


def test_secrets_that_are_none() -> None:
    with pytest.raises(KeyUnavailableError, match="empty"):
        KeySecret.passphrase("")
    with pytest.raises(KeyUnavailableError, match="fewer than 32"):
        KeySecret.key_file(b"short")


@pytest.mark.parametrize(
    ("key", "salt", "nonce"), [(b"x", SALT, NONCE), (KEY, b"", NONCE), (KEY, SALT, b"")]
)
def test_wrapping_takes_whole_arguments(key: bytes, salt: bytes, nonce: bytes) -> None:
    with pytest.raises(ValueError, match="bytes"):
        wrap_key(key, FILE, salt=salt, nonce=nonce)


def test_a_secret_does_not_show() -> None:
    secret = KeySecret.passphrase("open sesame")
    assert repr(secret) == str(secret) == "KeySecret(PASSPHRASE)"
    assert "sesame" not in f"{[secret]}"
    assert secret.kind is SecretKind.PASSPHRASE
