"""The wrapping of a folder's key by a key file or a passphrase.

A wrapped key is::

    "USK" version(1) kind(1) salt(16) log2 n(1) r(1) p(1) [mark(8)] nonce(12) AES-256-GCM(key)

with everything before the nonce as associated data; n, r, p are scrypt's (RFC 7914) and zero
for a key file. Version 1 has no mark; both versions open.

The mark says which secret wrapped the key: a wrong one is not taken for a damaged blob. Of a
key file, which holds 256 random bits, it is a keyed hash of the content: the same in every key it
wraps. Of a passphrase it is made of the bytes that scrypt gives after those of the wrapping key,
under the blob's own salt: guessing at the mark costs as much as guessing at the key, and two blobs
do not show that they have one passphrase.

Randomness is an argument; where keys and blobs lie is not known here.
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
"""What a wrapped key can ask for at most: 256 MiB, p of 4."""
_DAMAGED = "The wrapped key is damaged."


class SecretKind(IntEnum):
    """What a folder's key is wrapped by."""

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
    """What wraps a folder's key: the bytes of a key file, or a passphrase."""

    kind: SecretKind
    value: bytes

    @classmethod
    def key_file(cls, content: bytes) -> KeySecret:
        """A key file as it is, to the last byte; it must hold at least 32."""
        if len(content) < KEY_SIZE:
            raise KeyUnavailableError(f"The key file holds fewer than {KEY_SIZE} bytes.")
        return cls(SecretKind.KEY_FILE, content)

    @classmethod
    def passphrase(cls, text: str) -> KeySecret:
        """A passphrase; how its accents were typed does not matter (Unicode NFC)."""
        if not text:
            raise KeyUnavailableError("The passphrase is empty.")
        normal = unicodedata.normalize("NFC", text)
        return cls(SecretKind.PASSPHRASE, normal.encode("utf-8", "surrogateescape"))

    def __repr__(self) -> str:
        return f"KeySecret({self.kind.name})"


class _Blob(NamedTuple):
    """A wrapped key, taken apart."""

    header: bytes
    """With the mark: what is authenticated with the key."""
    version: int
    kind: int
    salt: bytes
    cost: tuple[int, int, int]
    mark: bytes
    sealed: bytes
    """Nonce, key and tag."""


def wrap_key(folder_key: bytes, secret: KeySecret, *, salt: bytes, nonce: bytes) -> bytes:
    """The 32-byte key of a folder wrapped by a secret; 16 bytes of salt, 12 of nonce."""
    cost = (_LOG2_N, _R, _P) if secret.kind is SecretKind.PASSPHRASE else (0, 0, 0)
    if len(salt) != SALT_SIZE or len(folder_key) != KEY_SIZE:
        raise ValueError("a folder's key has 32 bytes, its salt 16")
    key, mark = _wrapping_key(secret, salt, cost)
    check_key(key, nonce)
    header = _HEADER.pack(_MAGIC, _VERSION, secret.kind, salt, *cost) + mark
    return header + nonce + AESGCM(key).encrypt(nonce, folder_key, header)


def unwrap_key(blob: bytes, secret: KeySecret) -> bytes:
    """The key inside a wrapped one; `KeyUnavailableError` says why it does not come out."""
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
    """Whether this secret wrapped the key: by its mark, or, where it has none, for it opens it."""
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


def wrapped_by(blob: bytes) -> SecretKind:
    """What a wrapped key was wrapped by; `KeyUnavailableError` when nothing can tell."""
    if len(blob) < _HEADER.size or blob[4] not in SecretKind.__members__.values():
        raise KeyUnavailableError(_DAMAGED)
    return SecretKind(blob[4])


def _taken_apart(blob: bytes) -> _Blob:
    if len(blob) < _HEADER.size:
        raise KeyUnavailableError(_DAMAGED)
    magic, version, kind, salt, *cost = _HEADER.unpack_from(blob)
    if magic != _MAGIC or version not in _MARKED:
        raise KeyUnavailableError("The wrapped key is damaged, or of a newer UsenetSync.")
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
    return f"This is another {kind.noun} than the one that wrapped it."


def _wrapping_key(
    secret: KeySecret, salt: bytes, cost: tuple[int, int, int]
) -> tuple[bytes, bytes]:
    """What wraps a key under this salt, and the mark of who did."""
    if secret.kind is SecretKind.KEY_FILE:  # random bytes already: nothing to slow down
        content = hashlib.sha256(secret.value).digest()
        key = hashlib.blake2b(salt, key=content, digest_size=KEY_SIZE, person=b"key wrapping")
        mark = hashlib.blake2b(key=content, digest_size=_MARK_SIZE, person=b"key file mark")
        return key.digest(), mark.digest()
    both = _stretched(secret.value, salt, cost)
    return both[:KEY_SIZE], both[KEY_SIZE:]


def _stretched(passphrase: bytes, salt: bytes, cost: tuple[int, int, int]) -> bytes:
    log2_n, r, p = cost
    # Bounded before anything is allocated: a hostile blob must not ask for gigabytes.
    if not (0 < log2_n < 32 and 0 < r and 0 < p <= _SCRYPT_ROUNDS):
        raise KeyUnavailableError(_DAMAGED)
    if 128 * r << log2_n > _SCRYPT_MEMORY:
        raise KeyUnavailableError("The wrapped key asks for more memory than it may.")
    try:
        return hashlib.scrypt(
            passphrase,
            salt=salt,
            n=1 << log2_n,
            r=r,
            p=p,
            maxmem=2 * _SCRYPT_MEMORY,
            # PBKDF2's first block does not depend on how many follow: version 1 asked for 32.
            dklen=KEY_SIZE + _MARK_SIZE,
        )
    except (MemoryError, ValueError) as error:
        raise KeyUnavailableError(f"scrypt does not run ({error}).") from error
