"""What follows from the secret of a folder: the key of its index, and the names of its roots.

A folder has one secret of 32 random bytes for all its versions. From it, with HMAC-SHA-256 (RFC
2104) and ASCII texts::

    index key        HMAC(secret, "usenetsync: key of the index, 1")
    header key       HMAC(secret, "usenetsync: headers of the index, 1")
    name of a root   HMAC(secret, "root" ‖ version ‖ attempt ‖ copy), its first 16 bytes

Version has 8 bytes, attempt and copy 4 each, big-endian. Attempts and copies count from 0. A root
is posted again under the next attempt, of 8, when a copy is given up under the one before, and when
articles that it or its runs name have got other names: the highest attempt counts whose root can be
read. The first root of a version that a store takes is of one of the first 3.

The index key seals the articles of all pages and roots (`codec.sealing`, codec NONE), in every
storage format. The header key makes their headers and Message-IDs as those of any sealed folder are
made (`codec.envelope.SealedHeaders`, style 2): the Message-ID of a root looks like all others, and
only who has the secret can compute it. Names of other pages are random.

Test vectors, secret 000102…1f::

    index key                 d368f9128ff98dc30e4a4e88942357deb073efba411ea1cbd09f196c7d977fcb
    header key                b38ea6c9bffe003fced50b2b7fee3cb8893a25fe36a2626a312819fc5512a5d0
    root of version 1         55f4d52fe25e20b35ff0b4c75cd6ae17
      its Message-ID          bk79h2pewlxz$3h4gv908jrtuq@feariemir.qr
    version 300, attempt 1, copy 1
                              ad9b47ccf8dfbdde35cf6c3ffa6f626d
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import field

from usenetsync_tui.codec.envelope import SealedHeaders
from usenetsync_tui.codec.index.articles import NAME_SIZE
from usenetsync_tui.model.value_object import value_object

SECRET_SIZE = 32
ATTEMPTS = 8
"""How many names a root can have: attempts 0, 1, … 7."""
FIRST_ATTEMPTS = 3
"""The attempts by which a root is posted first, so that a reader need not look for all of them."""
_HEADER_STYLE = 2
_KEY, _HEADERS = b"usenetsync: key of the index, 1", b"usenetsync: headers of the index, 1"


@value_object
class IndexKeys:
    """The key of a folder's index and the names of its roots."""

    secret: bytes = field(repr=False)
    """32 bytes; `ValueError` for others."""

    def __post_init__(self) -> None:
        if len(self.secret) != SECRET_SIZE:
            raise ValueError("a folder's secret has 32 bytes")

    @property
    def sealing(self) -> bytes:
        """The 32-byte key that seals pages and roots."""
        return self._derived(_KEY)

    def headers(self, newsgroups: Sequence[str]) -> SealedHeaders:
        """The headers of the index's articles; Message-IDs do not depend on the newsgroups."""
        return SealedHeaders(self._derived(_HEADERS), newsgroups, _HEADER_STYLE)

    def root_name(self, version: int, attempt: int = 0, copy: int = 0) -> bytes:
        """The 16 bytes that name a copy of the root of a version."""
        numbers = version.to_bytes(8) + attempt.to_bytes(4) + copy.to_bytes(4)
        return self._derived(b"root" + numbers)[:NAME_SIZE]

    def _derived(self, purpose: bytes) -> bytes:
        return hmac.digest(self.secret, purpose, hashlib.sha256)
