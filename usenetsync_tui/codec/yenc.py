"""An article as bytes on the wire, and the payload out of the bytes of an answer.

yEnc 1.3 (yenc.org) in the multipart form, NNTP framing after RFC 3977 §3.1.1, headers after
RFC 5536 with RFC 2047 words where they are not ASCII. It knows nothing of sockets: `encode`
gives buffers for ``sendmsg``, `BodyReader` is fed what was received. Both spend their time in
sabctools, outside the GIL.

Nothing but headers and body could begin a line with a dot: header lines begin with their
name, folded ones with a space, and the encoder escapes a dot in a line's first column.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime

from sabctools import Decoder, EncodingFormat, NNTPResponse, yenc_encode

from usenetsync_tui.codec.envelope import Envelope
from usenetsync_tui.errors import ArticleCorruptError, StoreError
from usenetsync_tui.model.segments import LARGEST_PAYLOAD, Article, Part

BODY_LIMIT = 64 << 20
"""Default bytes of an answer that are read before it is given up."""

_END = b".\r\n"
_TERMINATOR = b"\r\n.\r\n"
_FIND_TERMINATOR = re.compile(rb"\r\n\.\r\n")
_BEGIN = b"\r\n=ybegin "
_STATUS = b"222 0\r\n"
_BUFFER = 1 << 16

_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")
_NAME_CONTROLS = re.compile(rb"[\x00-\x1f\x7f]")
_NOT_TOKEN = re.compile(r"[^\x21-\x7e]+")
_MAILBOX = re.compile(r"(?P<name>.*\S)\s*(?P<address><[^<>]*>)", re.DOTALL)
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_NAME_BYTES = 255
_HEADERS = 500
"""Bytes of an article that are not its body, roughly."""
_LINE = 900
"""Octets of ASCII on one header line: under 998 (RFC 5536 §2.2), its name included."""
_WORD_BYTES = 45
"""Of text in one encoded word: 60 characters of base64, 72 with its frame (75 may be)."""


@dataclass(frozen=True, slots=True)
class WireArticle:
    """An article ready to be sent, its terminating dot included."""

    buffers: tuple[bytes, bytes, bytes]
    """Headers and yEnc header, body, yEnc trailer: for ``sendmsg``, the body not copied."""
    size: int
    """Bytes of the article, as servers count them: without the terminating dot."""


def encode(article: Article, envelope: Envelope, *, date: datetime | None) -> WireArticle:
    """The article under its headers; `date` (aware) makes a Date header.

    A `plain` article is the part of a file it says it is; one without a part is a whole file
    by itself. Whatever the envelope holds, no header can be broken out of.

    `StoreError` for a payload that could not be decoded again: the last guard before the wire,
    whatever the settings were when the article was planned.
    """
    payload = article.payload
    if len(payload) > LARGEST_PAYLOAD:
        raise StoreError(
            f"The article would carry {len(payload):,} bytes, and no more than "
            f"{LARGEST_PAYLOAD:,} can be decoded again. Use a smaller chunk_size."
        )
    part = article.part or Part(envelope.name, 1, 1, 0, len(payload))
    body, crc = yenc_encode(payload)
    name = _NAME_CONTROLS.sub(b"_", envelope.name)[:_NAME_BYTES]
    head = b"".join(
        (
            _headers(envelope, date),
            b"\r\n=ybegin part=%d total=%d line=128 size=%d name=%b\r\n=ypart begin=%d end=%d\r\n"
            % (
                *(part.number, part.total, part.file_size, name),
                *(part.begin + 1, part.begin + len(payload)),
            ),
        )
    )
    whole = b" crc32=%08x" % crc if part.total == 1 else b""
    tail = b"%b=yend size=%d part=%d pcrc32=%08x%b\r\n.\r\n" % (
        *(b"\r\n" if body else b"", len(payload), part.number, crc, whole),
    )
    return WireArticle((head, body, tail), len(head) + len(body) + len(tail) - len(_END))


def likely_size(payload: int) -> int:
    """Bytes of an article with so many bytes of payload: as posted, headers included.

    Of random bytes yEnc escapes 1 in 64, and a few more at the ends of its lines of 128. What is
    all critical bytes can be twice as long; what is encrypted or compressed cannot.
    """
    return payload + payload // 64 + 2 * (payload // 128) + payload // 2048 + _HEADERS


def likely_payload(size: int) -> int:
    """Bytes of payload that fit into an article of a size, by `likely_size`; may be negative."""
    return (size - _HEADERS) * 2048 // 2113


def _headers(envelope: Envelope, date: datetime | None) -> bytes:
    lines = [
        f"From: {_mailbox(envelope.sender)}",
        f"Newsgroups: {_NOT_TOKEN.sub('', envelope.newsgroups)}",
        f"Subject: {_text(envelope.subject)}",
        f"Message-ID: <{_NOT_TOKEN.sub('', envelope.message_id)}>",
    ]
    if date is not None:  # in UTC: where we are is nobody's business
        lines.append(f"Date: {format_datetime(date.astimezone(UTC))}")
    return "".join(f"{line}\r\n" for line in lines).encode("ascii")


def _mailbox(sender: str) -> str:
    match = _MAILBOX.fullmatch(_CONTROLS.sub(" ", sender).strip())
    if match is None:
        return _NOT_TOKEN.sub("", sender)
    name, address = match["name"], _NOT_TOKEN.sub("", match["address"])
    if _encode_needed(name) or '"' in name or "\\" in name:
        return f"{_encoded_words(name)} {address}"
    return f"{name} {address}" if _ATOMS.fullmatch(name) else f'"{name}" {address}'


def _text(value: str) -> str:
    clean = _CONTROLS.sub(" ", value).strip()
    return _encoded_words(clean) if _encode_needed(clean) else clean


def _encode_needed(text: str) -> bool:
    """Also of ASCII that looks encoded, or that would be too long a line."""
    return not text.isascii() or "=?" in text or len(text) > _LINE


def _encoded_words(text: str) -> str:
    """RFC 2047: base64 of UTF-8, no character cut in two, a word a line."""
    words = (base64.b64encode(piece).decode() for piece in _pieces(text))
    return "\r\n ".join(f"=?utf-8?B?{word}?=" for word in words)


def _pieces(text: str) -> Iterator[bytes]:
    piece = b""
    for char in text:
        data = char.encode("utf-8", "replace")
        if len(piece) + len(data) > _WORD_BYTES:
            yield piece
            piece = b""
        piece += data
    yield piece


class BodyReader:
    """The payload of one BODY or ARTICLE answer, decoded while it comes in.

    The caller reads the status line; everything after it is fed, in pieces of any length. An
    answer that is not what it should be is read to its end all the same, so that the next
    one on the connection is not lost. Only the decoded bytes are kept; of an answer that the
    decoder cannot take (it holds 10 MiB) nothing is.
    """

    def __init__(self, *, limit: int = BODY_LIMIT) -> None:
        self.done = False
        """Whether the whole answer has been read."""
        self._limit = limit
        self._size = 0
        # The status line's end: the terminator, or =ybegin, may follow at once.
        self._last = b"\r\n"
        self._before = b"\r\n"
        self._decoder: Decoder | None = None
        self._stuck = False
        self._fault = ""
        self._response: NNTPResponse | None = None

    def feed(self, data: bytes | memoryview) -> int:
        """Take what was received; returns how much of it was this answer's.

        `ArticleCorruptError` when the answer is longer than the limit: the connection is then
        in the middle of it, and of no more use.
        """
        if self.done:
            return 0
        view = memoryview(data)
        used = self._find_end(view)
        taken = view[:used]
        self._size += len(taken)
        if self._size > self._limit:
            raise ArticleCorruptError(f"it is longer than {self._limit} bytes")
        if not self._stuck:
            try:
                self._take(taken)
            except Exception as error:  # noqa: BLE001 - whatever it is, the article is damaged
                self._stuck, self._fault = True, f"it cannot be decoded ({_words(error)})"
                self._decoder = None
        return len(taken)

    def _take(self, data: memoryview) -> None:
        if self._decoder is None:
            self._begin(bytes(data))
        else:
            self._decode(data)
        if self.done and self._decoder is not None and not self._stuck:
            self._response = next(self._decoder, None)

    def result(self) -> bytes:
        """The payload; `ArticleCorruptError` when it is not whole, not yEnc, or too large."""
        if not self.done:
            raise ArticleCorruptError("it ends in the middle")
        if self._fault:
            raise ArticleCorruptError(self._fault)
        response = self._response
        if response is None or response.format is not EncodingFormat.YENC:
            raise ArticleCorruptError("it is not yEnc")
        size = response.bytes_decoded
        if not response.end_size and response.crc_expected is None:  # nor an empty one's
            raise ArticleCorruptError("its end is missing")
        for said in (response.end_size, response.part_size):
            if size != said:
                raise ArticleCorruptError(f"it holds {size} bytes and says {said}")
        if response.crc_expected is not None and response.crc is None:
            raise ArticleCorruptError("its checksum does not match")
        return bytes(response.data or b"")

    def _find_end(self, view: memoryview) -> int:
        """How much of `view` is ours; the decoder alone could be tricked past the end."""
        seam = self._last + bytes(view[:4])
        at = seam.find(_TERMINATOR)
        if at >= 0:
            self.done = True
            return at + len(_TERMINATOR) - len(self._last)
        match = _FIND_TERMINATOR.search(view)
        if match is not None:
            self.done = True
            return match.end()
        self._last = (self._last + bytes(view[-4:]))[-4:]
        return len(view)

    def _begin(self, data: bytes) -> None:
        """Drop what precedes the yEnc header: the decoder would keep it, line by line."""
        data = self._before + data
        at = data.find(_BEGIN)
        if at < 0:
            self._before = data[1 - len(_BEGIN) :]
            return
        self._decoder = Decoder(_BUFFER)
        self._decode(memoryview(_STATUS + data[at + 2 :]))

    def _decode(self, view: memoryview) -> None:
        decoder = self._decoder
        while decoder is not None and view and not self._stuck:
            with memoryview(decoder) as room:
                count = min(len(room), len(view))
                room[:count] = view[:count]
            if count:
                decoder.process(count)
            else:  # it keeps a header line until it is whole; one this long is no yEnc
                self._stuck = True
            view = view[count:]


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
