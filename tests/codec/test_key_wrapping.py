"""Key wrapping: fixed vectors of both versions, and blobs that must not open."""

from __future__ import annotations

import hashlib
import resource
import struct

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from usenetsync_tui.codec import key_wrapping
from usenetsync_tui.codec.key_wrapping import KeySecret, SecretKind, is_of, unwrap_key, wrap_key
from usenetsync_tui.errors import KeyUnavailableError

KEY, NONCE, SALT = bytes(range(32)), bytes(range(12)), bytes(range(16))
FOLDER_KEY = hashlib.sha256(b"folder").digest()
FILE = KeySecret.key_file(b"k" * 32)
PHRASE = KeySecret.passphrase("correct horse")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """scrypt without its half second."""
    monkeypatch.setattr(key_wrapping, "_LOG2_N", 4)


def version_1(secret: KeySecret, cost: tuple[int, int, int] = (0, 0, 0)) -> bytes:
    """A key wrapped in the format before there were marks."""
    if secret.kind is SecretKind.KEY_FILE:
        content = hashlib.sha256(secret.value).digest()
        kek = hashlib.blake2b(SALT, key=content, digest_size=32, person=b"key wrapping").digest()
    else:
        n, r, p = cost
        kek = hashlib.scrypt(secret.value, salt=SALT, n=1 << n, r=r, p=p, maxmem=1 << 28, dklen=32)
    header = struct.pack("3sBB16sBBB", b"USK", 1, secret.kind, SALT, *cost)
    return header + NONCE + AESGCM(kek).encrypt(NONCE, FOLDER_KEY, header)


def test_the_wrapped_key_of_a_key_file_keeps_its_format() -> None:
    blob = wrap_key(FOLDER_KEY, FILE, salt=SALT, nonce=NONCE)
    content = hashlib.sha256(b"k" * 32).digest()
    mark = hashlib.blake2b(key=content, digest_size=8, person=b"key file mark").digest()
    assert blob[:44] == b"USK\x02\x01" + SALT + b"\0\0\0" + mark + NONCE
    assert len(blob) == 92
    assert hashlib.sha256(blob).hexdigest() == (
        "ed9361c3b1abec53809504738bbce657ec7187d016df0ec31bf360e9cede055b"
    )
    assert unwrap_key(blob, FILE) == FOLDER_KEY


def test_the_wrapped_key_of_a_passphrase_keeps_its_format() -> None:
    blob = wrap_key(FOLDER_KEY, PHRASE, salt=SALT, nonce=NONCE)
    both = hashlib.scrypt(b"correct horse", salt=SALT, n=2**17, r=8, p=1, maxmem=1 << 28, dklen=40)
    kek, mark = both[:32], both[32:]
    assert blob[:44] == b"USK\x02\x02" + SALT + bytes([17, 8, 1]) + mark + NONCE
    decryptor = Cipher(algorithms.AES(kek), modes.GCM(NONCE, blob[-16:])).decryptor()
    decryptor.authenticate_additional_data(blob[:32])
    assert decryptor.update(blob[44:-16]) + decryptor.finalize() == FOLDER_KEY
    assert unwrap_key(blob, PHRASE) == FOLDER_KEY


def test_keys_from_before_there_were_marks_open() -> None:
    by_file = version_1(FILE)
    assert hashlib.sha256(by_file).hexdigest() == (
        "d9a9de2f60f7f1b6d8ed08822517d21aa90bec151c5935b8d5b5e8819e822d53"
    )
    assert unwrap_key(by_file, FILE) == FOLDER_KEY
    by_phrase = version_1(PHRASE, (5, 8, 1))
    assert unwrap_key(by_phrase, PHRASE) == FOLDER_KEY
    with pytest.raises(KeyUnavailableError, match="not the right one, or the wrapped key is dam"):
        unwrap_key(by_file, KeySecret.key_file(b"k" * 33))
    with pytest.raises(KeyUnavailableError, match="passphrase is not the right one"):
        unwrap_key(by_phrase, KeySecret.passphrase("correct house"))


def test_a_mark_tells_another_secret_from_a_damaged_key() -> None:
    other = KeySecret.key_file(b"j" * 32)
    blobs = [wrap_key(bytes([n] * 32), FILE, salt=bytes([n] * 16), nonce=NONCE) for n in (1, 2)]
    assert blobs[0][24:32] == blobs[1][24:32], "one key file, one mark"
    assert blobs[0][24:32] != wrap_key(KEY, other, salt=SALT, nonce=NONCE)[24:32]
    for blob in blobs:
        with pytest.raises(KeyUnavailableError, match="Another key file wrapped it"):
            unwrap_key(blob, other)
        with pytest.raises(KeyUnavailableError, match="right one, but the wrapped key is damaged"):
            unwrap_key(blob[:-1] + bytes([blob[-1] ^ 1]), FILE)


@pytest.mark.usefixtures("quick")
def test_a_key_names_the_secret_that_wraps_it() -> None:
    other_file, other_phrase = KeySecret.key_file(b"j" * 32), KeySecret.passphrase("wrong horse")
    secrets = (FILE, other_file, PHRASE, other_phrase)
    for secret in secrets:
        blob = wrap_key(FOLDER_KEY, secret, salt=SALT, nonce=NONCE)
        assert [is_of(blob, each) for each in secrets] == [each is secret for each in secrets]
        assert is_of(blob[:-1] + bytes([blob[-1] ^ 1]), secret), "damaged, and still of it"
        assert not is_of(blob[:-1], secret)
    for secret, cost in ((FILE, (0, 0, 0)), (PHRASE, (5, 8, 1))):
        blob = version_1(secret, cost)
        assert [is_of(blob, each) for each in secrets] == [each is secret for each in secrets]
        assert not is_of(blob[:-1] + bytes([blob[-1] ^ 1]), secret), "nothing can tell"


@pytest.mark.usefixtures("quick")
def test_the_mark_of_a_passphrase_says_nothing_without_scrypt() -> None:
    """It depends on the salt, so that two keys do not show that they share a passphrase."""
    marks = {
        wrap_key(FOLDER_KEY, PHRASE, salt=bytes([n] * 16), nonce=NONCE)[24:32] for n in range(5)
    }
    assert len(marks) == 5


@pytest.mark.usefixtures("quick")
def test_parameters_travel_in_the_blob(monkeypatch: pytest.MonkeyPatch) -> None:
    blob = wrap_key(FOLDER_KEY, PHRASE, salt=SALT, nonce=NONCE)
    monkeypatch.setattr(key_wrapping, "_LOG2_N", 5)
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
    with pytest.raises(KeyUnavailableError, match="Another passphrase wrapped it"):
        unwrap_key(by_phrase, KeySecret.passphrase("correct house"))
    with pytest.raises(KeyUnavailableError, match="Another key file wrapped it"):
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
@given(
    st.binary(max_size=100)
    | st.tuples(st.sampled_from([1, 2]), st.binary(min_size=80, max_size=90)).map(
        lambda b: b"USK" + bytes([b[0]]) + b[1]
    )
)
def test_any_blob_does_not_open(blob: bytes) -> None:
    with pytest.raises(KeyUnavailableError):
        unwrap_key(blob, FILE)


def test_a_version_of_the_future_is_named() -> None:
    blob = wrap_key(FOLDER_KEY, FILE, salt=SALT, nonce=NONCE)
    with pytest.raises(KeyUnavailableError, match="newer"):
        unwrap_key(blob[:3] + b"\x03" + blob[4:], FILE)


def test_invalid_secrets_are_refused() -> None:
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
