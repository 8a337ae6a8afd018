"""Sealing of payloads.

A sealed payload is ``nonce(12) || AES-256-GCM(plaintext)`` (NIST SP 800-38D), with a 16-byte tag
at its end. The nonce comes first, so an article can be opened without the catalogue. There is no
associated data: the segment's digest in the catalogue says which content belongs where, and
several files may use one article. The plaintext is one of::

    codec(1) payload
    codec | 0x80 (1)  length(4, big-endian)  payload  zeros

The second is padded (`padding` says to which sizes); the length is that of the payload. The
reader checks the zeros: only another program writes anything else there.

Test vectors, as hexadecimal: key 000102…1f, nonce 000102…0b, payload ``payload``, codec LZ4 (1).
Behind the nonce comes, unpadded and padded to 16 bytes::

    01 7061796c6f6164                       4672b762a98aa37f 284bc05ce8cc46b95e7a4ecdf9b9493b
    81 00000007 7061796c6f6164 00000000     c602d61bc295a362e12ef6efb1e9786d
                                            7a1c58427f328b927b4212be4cef7b1d

**How much one key may seal.** Each folder has a key of its own, and each article a random nonce.

* Two articles with one nonce would show the XOR of their contents and allow forgeries. Among q
  random 96-bit nonces the probability is at most q²/2^97: for 60 million articles (2^25.8) it is
  2^-45.3; for the 2^32 that SP 800-38D section 8.3 allows at most, 2^-33.
* AES is a permutation, so its blocks differ where random ones would repeat. Over s blocks an
  attacker sees the difference with a probability of at most s²/2^129. A segment of 768,000 bytes
  has 48,002 blocks; 60 million of them have 2^41.4, which makes 2^-46.2.
* One message may have 2^39 - 256 bits (64 GiB). A segment has at most 64 MiB.

So 60 million articles are far from the limit, and a folder still gets a new key at `RENEW_AFTER` =
2^28 units (268 million): then both probabilities are below 2^-40, 2^-41 for the nonces and 2^-41
for the blocks. A unit is an article, or each begun MiB (65,536 blocks) of a larger one. The
catalogue counts units in the transaction that stores the nonces (`realms.sealed`), so after a
crash the count can only be too high. An upload that begins below the bound keeps its key to the
end: to reach 2^32 it would have to seal another 4 billion articles, 3 petabytes.

An article sent again after a lost answer has the same bytes under the same nonce: an observer
learns nothing new. An article made again from its source gets a new nonce, because another
version of a compressor could make other bytes.
"""

from __future__ import annotations

import struct
from ctypes import c_ssize_t, c_void_p, py_object, pythonapi
from io import BytesIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from usenetsync_tui.codec.padding import padded_size
from usenetsync_tui.errors import ArticleCorruptError
from usenetsync_tui.model.segments import Codec

KEY_SIZE = 32
NONCE_SIZE = 12
SEAL_OVERHEAD = NONCE_SIZE + 1 + 16
"""Bytes that sealing adds to a payload: nonce, codec byte, tag."""
LENGTH_SIZE = 4
"""Bytes that padding adds besides the zeros: the length of the payload."""

RENEW_AFTER = 1 << 28
"""Units sealed with one key, after which the folder's next upload begins with another key."""
UNIT = 1 << 20
"""Bytes of payload that count as one unit at most."""

_PADDED = 0x80
_LENGTH = struct.Struct(">BI")


def sealed_size(payload: int, full: int = 0) -> int:
    """The size in bytes of a payload of `payload` bytes after sealing.

    `full`: bytes of the longest segment, the upper limit of the padding; 0: not padded.
    """
    if not full:
        return payload + SEAL_OVERHEAD
    return NONCE_SIZE + padded_size(payload + _LENGTH.size, full + _LENGTH.size) + 16


def seal(key: bytes, nonce: bytes, codec: Codec, payload: bytes, size: int = 0) -> bytes:
    """The payload encrypted under a 32-byte key, with a 12-byte nonce never used before.

    `size`: bytes to pad it to, from `sealed_size`; 0: not padded.
    """
    check_key(key, nonce)
    pad = b""
    if size:
        head = _LENGTH.pack(codec | _PADDED, len(payload))
        pad = bytes(size - len(payload) - SEAL_OVERHEAD - LENGTH_SIZE)
    else:
        head, size = bytes([codec]), len(payload) + SEAL_OVERHEAD
    sealed = BytesIO(_new_bytes(None, size))
    with sealed.getbuffer() as room:
        room[:NONCE_SIZE] = nonce
        encryptor = Cipher(algorithms.AES(key), modes.GCM(nonce)).encryptor()
        at = NONCE_SIZE
        for data in (head, payload, pad):
            at += encryptor.update_into(data, room[at:])
        encryptor.finalize()
        room[at:] = encryptor.tag
    return sealed.getvalue()


_new_bytes = pythonapi.PyBytes_FromStringAndSize
"""Bytes that are not written yet, for a `BytesIO` to fill and to give out: `bytes(size)` would
write zeros first, and any other buffer would have to be copied, both while no other thread runs.
Sealing takes a third less time so."""
_new_bytes.restype, _new_bytes.argtypes = py_object, (c_void_p, c_ssize_t)


def open_sealed(key: bytes, data: bytes) -> tuple[Codec, bytes]:
    """(codec, payload); `ArticleCorruptError` when another key sealed it, or it was changed."""
    if len(data) < SEAL_OVERHEAD:
        raise ArticleCorruptError("it is too short to be sealed")
    nonce = data[:NONCE_SIZE]
    check_key(key, nonce)
    try:
        plain = AESGCM(key).decrypt(nonce, memoryview(data)[NONCE_SIZE:], None)
    except InvalidTag as error:
        raise ArticleCorruptError("it does not open with the folder's key") from error
    first = plain[0]
    try:
        codec = Codec(first & ~_PADDED)
    except ValueError as error:
        raise ArticleCorruptError(f"this program does not know its codec {first}") from error
    return codec, _unpadded(plain) if first & _PADDED else plain[1:]


def _unpadded(plain: bytes) -> bytes:
    if len(plain) < _LENGTH.size:
        raise ArticleCorruptError("it is too short to be padded")
    _, length = _LENGTH.unpack_from(plain)
    end = _LENGTH.size + length
    if end > len(plain):
        raise ArticleCorruptError(f"it holds fewer than the {length} bytes it claims")
    if plain.count(0, end) != len(plain) - end:
        raise ArticleCorruptError("its padding is not all zeros")
    return plain[_LENGTH.size : end]


def check_key(key: bytes, nonce: bytes) -> None:
    """`ValueError` for a key or a nonce of another length than AES-256-GCM takes here."""
    if len(key) != KEY_SIZE or len(nonce) != NONCE_SIZE:
        raise ValueError("AES-256-GCM takes 32 bytes of key and 12 of nonce")
