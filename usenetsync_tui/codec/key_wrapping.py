"""The wrapping of a folder's key by a key file or a passphrase.

A wrapped key is::

    "USK" version(1) kind(1) salt(16) log2 n(1) r(1) p(1) [mark(8)] nonce(12) AES-256-GCM(key)

with everything before the nonce as associated data; n, r, p are scrypt's (RFC 7914) and zero
for a key file. Version 1 has no mark; the reader accepts both.

The mark tells which secret wrapped the key, so that the program can tell a wrong secret from a
damaged blob. For a key file, which holds 256 random bits, it is a keyed hash of the content: the
same in every key it wraps. For a passphrase it is the bytes that scrypt gives after those of the
wrapping key, under the blob's own salt: guessing the mark costs as much as guessing the key, and
two blobs do not show that they have the same passphrase.

Randomness is an argument. Refuses to know where keys and blobs are stored.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
import unicodedata
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from usenetsync_tui.codec.sealing import KEY_SIZE, NONCE_SIZE, check_key
from usenetsync_tui.errors import KeyUnavailableError

SALT_SIZE = 16

_MAGIC = b"USK"
_HEADER = struct.Struct("3sBB16sBBB")
_MARK_SIZE = 8
_MARKED = {1: 0, 2: _MARK_SIZE}
"""Bytes of the mark, by version."""
_VERSION = 2
_LOG2_N, _R, _P = 17, 8, 1
"""128 MiB and half a second: OWASP's figures for scrypt."""
_SCRYPT_MEMORY = 256 << 20
_SCRYPT_ROUNDS = 4
"""The most that a wrapped key can ask for: 256 MiB, p of 4."""
_DAMAGED = "The wrapped key is damaged."


class SecretKind(IntEnum):
    """The kind of secret that wraps a folder's key."""

    KEY_FILE = 1
    PASSPHRASE = 2

    @property
    def words(self) -> str:
        return "a key file" if self is SecretKind.KEY_FILE else "a passphrase"

    @property
    def noun(self) -> str:
        """Without its article."""
        return self.words.partition(" ")[2]


@dataclass(frozen=True, slots=True, repr=False)
class KeySecret:
    """The secret that wraps a folder's key: the bytes of a key file, or a passphrase."""

    kind: SecretKind
    value: bytes

    @classmethod
    def key_file(cls, content: bytes) -> KeySecret:
        """A whole key file, unchanged; it must have at least 32 bytes."""
        if len(content) < KEY_SIZE:
            raise KeyUnavailableError(f"The key file has fewer than {KEY_SIZE} bytes.")
        return cls(SecretKind.KEY_FILE, content)

    @classmethod
    def passphrase(cls, text: str) -> KeySecret:
        """A passphrase; the way its accents are typed does not matter (Unicode NFC)."""
        if not text:
            raise KeyUnavailableError("The passphrase is empty.")
        normal = unicodedata.normalize("NFC", text)
        return cls(SecretKind.PASSPHRASE, normal.encode("utf-8", "surrogateescape"))

    def __repr__(self) -> str:
        return f"KeySecret({self.kind.name})"


class _Blob(NamedTuple):
    """The fields of a wrapped key."""

    header: bytes
    """With the mark: the associated data."""
    version: int
    kind: int
    salt: bytes
    cost: tuple[int, int, int]
    mark: bytes
    sealed: bytes
    """Nonce, key and tag."""


def wrap_key(folder_key: bytes, secret: KeySecret, *, salt: bytes, nonce: bytes) -> bytes:
    """The 32-byte key of a folder, wrapped by a secret; 16 bytes of salt, 12 of nonce."""
    cost = (_LOG2_N, _R, _P) if secret.kind is SecretKind.PASSPHRASE else (0, 0, 0)
    if len(salt) != SALT_SIZE or len(folder_key) != KEY_SIZE:
        raise ValueError("a folder's key has 32 bytes, its salt 16")
    key, mark = _wrapping_key(secret, salt, cost)
    check_key(key, nonce)
    header = _HEADER.pack(_MAGIC, _VERSION, secret.kind, salt, *cost) + mark
    return header + nonce + AESGCM(key).encrypt(nonce, folder_key, header)


def unwrap_key(blob: bytes, secret: KeySecret) -> bytes:
    """The folder's key from a wrapped one; `KeyUnavailableError` says why it cannot be had."""
    made = _taken_apart(blob)
    if made.kind != secret.kind:
        known = made.kind in list(SecretKind)
        words = SecretKind(made.kind).words if known else "something unknown here"
        raise KeyUnavailableError(f"It is wrapped by {words}, not by {secret.kind.words}.")
    key, mark = _wrapping_key(secret, made.salt, made.cost)
    nonce = made.sealed[:NONCE_SIZE]
    try:
        return AESGCM(key).decrypt(nonce, made.sealed[NONCE_SIZE:], made.header)
    except InvalidTag as error:
        raise KeyUnavailableError(_why_not(made, mark, secret.kind)) from error


def is_of(blob: bytes, secret: KeySecret) -> bool:
    """Whether this secret wrapped the key: by its mark, or without a mark by opening it."""
    try:
        made = _taken_apart(blob)
        if made.kind != secret.kind:
            return False
        if made.mark:
            return hmac.compare_digest(made.mark, _wrapping_key(secret, made.salt, made.cost)[1])
        unwrap_key(blob, secret)
    except KeyUnavailableError:
        return False
    return True


def fingerprint(secret: KeySecret) -> str:
    """The mark of a key file in hexadecimal, which tells key files apart; empty for a passphrase.

    A fingerprint of a passphrase would help to guess it.
    """
    if secret.kind is SecretKind.PASSPHRASE:
        return ""
    return _file_mark(hashlib.sha256(secret.value).digest()).hex()


def fingerprint_of(blob: bytes) -> str:
    """The fingerprint of the key file that wrapped a key; empty where the blob does not tell."""
    try:
        made = _taken_apart(blob)
    except KeyUnavailableError:
        return ""
    return made.mark.hex() if made.kind == SecretKind.KEY_FILE else ""


def wrapped_by(blob: bytes) -> SecretKind:
    """The kind of secret that wrapped a key; `KeyUnavailableError` when the blob is damaged."""
    if len(blob) < _HEADER.size or blob[4] not in SecretKind.__members__.values():
        raise KeyUnavailableError(_DAMAGED)
    return SecretKind(blob[4])


def _taken_apart(blob: bytes) -> _Blob:
    if len(blob) < _HEADER.size:
        raise KeyUnavailableError(_DAMAGED)
    magic, version, kind, salt, *cost = _HEADER.unpack_from(blob)
    if magic != _MAGIC or version not in _MARKED:
        raise KeyUnavailableError("The wrapped key is damaged, or a newer UsenetSync made it.")
    end = _HEADER.size + _MARKED[version]
    if len(blob) != end + NONCE_SIZE + KEY_SIZE + 16:
        raise KeyUnavailableError(_DAMAGED)
    mark, three = blob[_HEADER.size : end], (cost[0], cost[1], cost[2])
    return _Blob(blob[:end], version, kind, salt, three, mark, blob[end:])


def _why_not(made: _Blob, mark: bytes, kind: SecretKind) -> str:
    if not made.mark:
        return f"The {kind.noun} is not the right one, or the wrapped key is damaged."
    if hmac.compare_digest(made.mark, mark):
        return f"The {kind.noun} is the right one, but the wrapped key is damaged."
    return f"Another {kind.noun} wrapped it, not this one."


def _wrapping_key(
    secret: KeySecret, salt: bytes, cost: tuple[int, int, int]
) -> tuple[bytes, bytes]:
    """The wrapping key under this salt, and the mark."""
    if secret.kind is SecretKind.KEY_FILE:  # random bytes already: nothing to slow down
        content = hashlib.sha256(secret.value).digest()
        key = hashlib.blake2b(salt, key=content, digest_size=KEY_SIZE, person=b"key wrapping")
        return key.digest(), _file_mark(content)
    both = _stretched(secret.value, salt, cost)
    return both[:KEY_SIZE], both[KEY_SIZE:]


def _file_mark(content: bytes) -> bytes:
    """The mark of a key file, from the SHA-256 of its content."""
    return hashlib.blake2b(key=content, digest_size=_MARK_SIZE, person=b"key file mark").digest()


def _stretched(passphrase: bytes, salt: bytes, cost: tuple[int, int, int]) -> bytes:
    log2_n, r, p = cost
    # Bounded before anything is allocated: a hostile blob must not ask for gigabytes.
    if not (0 < log2_n < 32 and 0 < r and 0 < p <= _SCRYPT_ROUNDS):
        raise KeyUnavailableError(_DAMAGED)
    if 128 * r << log2_n > _SCRYPT_MEMORY:
        raise KeyUnavailableError("The wrapped key asks for more memory than is allowed.")
    try:
        return hashlib.scrypt(
            passphrase,
            salt=salt,
            n=1 << log2_n,
            r=r,
            p=p,
            maxmem=2 * _SCRYPT_MEMORY,
            # The first 32 bytes do not depend on the length: version 1 asked for only those.
            dklen=KEY_SIZE + _MARK_SIZE,
        )
    except (MemoryError, ValueError) as error:
        raise KeyUnavailableError(f"scrypt failed ({error}).") from error
