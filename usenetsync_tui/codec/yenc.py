"""An article as bytes on the wire, and the payload from the bytes of an answer.

yEnc 1.3 (yenc.org) in the multipart form, NNTP framing as in RFC 3977 §3.1.1, headers as in
RFC 5536 with RFC 2047 words where they are not ASCII. Refuses to know sockets: `encode` returns
buffers for ``sendmsg``, and the caller feeds `BodyReader` with received bytes. Both spend their
time in sabctools, outside the GIL.

No line begins with a dot: header lines begin with their name, folded ones with a space, and the
encoder escapes a dot in the first column of a body line.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from threading import Lock
from typing import cast

from sabctools import Decoder, EncodingFormat, NNTPResponse, yenc_encode

from usenetsync_tui.codec.byte_search import first_in
from usenetsync_tui.codec.envelope import Envelope
from usenetsync_tui.errors import ArticleCorruptError, StoreError
from usenetsync_tui.model.segments import LARGEST_PAYLOAD, Article, Encoded, Part
from usenetsync_tui.model.value_object import value_object

BODY_LIMIT = 64 << 20
"""Default bytes of an answer that the reader accepts before it gives up."""

_END = b".\r\n"
_TERMINATOR = b"\r\n.\r\n"
_BEGIN = b"\r\n=ybegin "
_STATUS = b"222 0\r\n"
_PART = re.compile(rb"\r\n=ypart begin=(?P<begin>\d{1,18}) end=(?P<end>\d{1,18})\s*?\r\n")
_BUFFER = 1 << 20
"""Bytes that the decoder takes at once: an article of the default size."""
_STEP = 1 << 15
"""Bytes to receive at once where it is not known how many will come. What belongs to the next
answer is copied."""
_DECODING = Lock()
"""Held while many bytes are decoded: the decoder gives up the GIL every 64 KiB, and threads that do
so at the same time spend more on waking each other than on decoding."""
_SPARE = 64
"""Bytes at the end of the decoder's buffer: for a zero after what has come, and for `_STATUS`."""

_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")
_NAME_CONTROLS = re.compile(rb"[\x00-\x1f\x7f]")
_NOT_TOKEN = re.compile(r"[^\x21-\x7e]+")
_MAILBOX = re.compile(r"(?P<name>.*\S)\s*(?P<address><[^<>]*>)", re.DOTALL)
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_NAME_BYTES = 255
_HEADERS = 500
"""Approximate bytes of an article besides its body."""
_LINE = 900
"""Octets of ASCII on one header line: under 998 (RFC 5536 §2.2), its name included."""
_WORD_BYTES = 45
"""Of text in one encoded word: 60 characters of base64, 72 with its frame (the limit is 75)."""


@value_object
class WireArticle:
    """An article ready to send, with its terminating dot."""

    buffers: tuple[bytes, bytes | memoryview, bytes]
    """Headers and yEnc header, body, yEnc trailer: for ``sendmsg``, without copying the body."""
    size: int
    """Bytes of the article as servers count them, without the terminating dot."""


def encode(article: Article, envelope: Envelope, *, date: datetime | None) -> WireArticle:
    """The article with its headers; `date` (aware) adds a Date header.

    An article with a `part` is that part of a file; one without is a whole file. No text in the
    envelope can break out of its header.

    `StoreError` for a payload too large to decode again: the last check before the wire, in case
    the planner used other settings.
    """
    if (encoded := article.encoded) is None:
        payload = article.leaving()
        size = len(payload)
    else:
        size = encoded.size
    if size > LARGEST_PAYLOAD:
        raise StoreError(
            f"The article would carry {size:,} bytes; at most {LARGEST_PAYLOAD:,} "
            "can be decoded again. Use a smaller chunk_size.",
            whole=True,
        )
    body: bytes | memoryview
    if encoded is None:
        body, crc = encoded_lines(payload)
    else:
        body, crc = encoded.lines, encoded.crc
    part = article.part or Part(envelope.name, 1, 1, 0, size)
    name = _yenc_name(envelope.name)
    head = b"".join(
        (
            _headers(envelope, date),
            b"\r\n=ybegin part=%d total=%d line=128 size=%d name=%b\r\n=ypart begin=%d end=%d\r\n"
            % (
                *(part.number, part.total, part.file_size, name),
                *(part.begin + 1, part.begin + size),
            ),
        )
    )
    whole = b" crc32=%08x" % crc if part.total == 1 else b""
    tail = b"%b=yend size=%d part=%d pcrc32=%08x%b\r\n.\r\n" % (
        *(b"\r\n" if body else b"", size, part.number, crc, whole),
    )
    return WireArticle((head, body, tail), len(head) + len(body) + len(tail) - len(_END))


def encoded_lines(payload: bytes) -> tuple[bytes, int]:
    """The lines of a body, without an end after the last, and the CRC-32 of the payload."""
    lines, crc = yenc_encode(payload)
    return lines, crc


def decoded(encoded: Encoded) -> bytes:
    """What was encoded. Raises ArticleCorruptError."""
    size, reader = encoded.size, BodyReader()
    head = b"=ybegin part=1 total=1 line=128 size=%d name=-\r\n=ypart begin=1 end=%d\r\n"
    tail = b"\r\n=yend size=%d part=1 pcrc32=%08x\r\n.\r\n"
    for data in (head % (size, size), encoded.lines, tail % (size, encoded.crc)):
        reader.feed(data)
    return bytes(reader.result())


def likely_size(payload: int) -> int:
    """The expected size of an article with `payload` bytes, as posted, headers included.

    Of random bytes yEnc escapes 1 in 64, and a few more at the ends of its lines of 128. Only a
    payload full of critical bytes can be twice as long; encrypted or compressed ones are not.
    """
    return payload + payload // 64 + 2 * (payload // 128) + payload // 2048 + _HEADERS


def likely_payload(size: int) -> int:
    """The payload bytes that fit into an article of `size` bytes (inverse of `likely_size`).

    Negative if the headers alone are larger.
    """
    return (size - _HEADERS) * 2048 // 2113


def _headers(envelope: Envelope, date: datetime | None) -> bytes:
    # In UTC: the time zone would tell where the user is.
    dated = "" if date is None else f"Date: {_date(int(date.timestamp()))}\r\n"
    return (
        f"From: {_mailbox(envelope.sender)}\r\n"
        f"Newsgroups: {_newsgroups(envelope.newsgroups)}\r\n"
        f"Subject: {_text(envelope.subject)}\r\n"
        f"Message-ID: <{_NOT_TOKEN.sub('', envelope.message_id)}>\r\n{dated}"
    ).encode("ascii")


@lru_cache(maxsize=16)
def _yenc_name(name: bytes) -> bytes:
    return _NAME_CONTROLS.sub(b"_", name)[:_NAME_BYTES]


@lru_cache(maxsize=16)
def _newsgroups(names: str) -> str:
    return _NOT_TOKEN.sub("", names)


@lru_cache(maxsize=16)
def _date(seconds: int) -> str:
    return format_datetime(datetime.fromtimestamp(seconds, UTC))


@lru_cache(maxsize=16)
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
    """True also for ASCII that looks encoded, or is too long for one line."""
    return not text.isascii() or "=?" in text or len(text) > _LINE


def _encoded_words(text: str) -> str:
    """RFC 2047: base64 of UTF-8, one word per line, no character split between words."""
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
    """The payload of one BODY or ARTICLE answer, decoded as it arrives.

    The caller reads the status line and gives everything after it: bytes that it has to `feed`, and
    those to come by receiving into `room` and telling their number to `took`. The reader reads even
    a wrong answer to its end, so that the next answer on the connection is usable. It keeps only
    the decoded bytes, and none of an answer too large for the decoder (10 MiB). After `begin` it
    reads the next answer with the same buffer.
    """

    def __init__(self, *, limit: int = BODY_LIMIT) -> None:
        self._limit = limit
        self._decoder = Decoder(_BUFFER)
        self.begin()

    def begin(self) -> None:
        """Read another answer; after an earlier one only if that had a `result`."""
        self.done = False
        """Whether the whole answer has been read."""
        self._size = 0
        # The status line's end: the terminator, or =ybegin, may follow at once.
        self._last = b"\r\n"
        self._before = b"\r\n"
        self._begun = False
        """Whether the yEnc header has come: from then on the decoder gets what comes."""
        self._stuck = False
        self._fault = ""
        self._expected = 0
        """Bytes that still come if the answer is what its yEnc header claims; at least these."""
        self._is_claimed = False
        """Whether the last room was for bytes that the header claims."""
        self._held = 0
        """Bytes in the decoder's buffer that are not taken yet."""
        self._response: NNTPResponse | None = None

    def room(self) -> tuple[memoryview, bool]:
        """Where the next bytes of the answer belong, and whether so many will come for sure.

        For sure if the answer is what it claims to be.
        """
        room = memoryview(self._decoder)[self._held : -_SPARE]
        self._is_claimed = self._expected > 0
        return room[: self._expected or _STEP], self._is_claimed

    def feed(self, data: bytes | memoryview) -> int:
        """Take received bytes; returns how many of them belong to this answer.

        `ArticleCorruptError` when the answer is longer than the limit: the connection is then
        in the middle of it, so the caller must close it.
        """
        taken, view = 0, memoryview(data)
        while view and not self.done:
            room, _ = self.room()
            count = min(len(room), len(view))
            room[:count] = view[:count]
            taken += count - len(self.took(count))
            view = view[count:]
        return taken

    def took(self, count: int) -> bytes:
        """Take bytes that were received into `room`; returns those after the answer's end.

        `ArticleCorruptError` as for `feed`.
        """
        room = memoryview(self._decoder)
        self._expected -= min(self._expected, count)
        count += self._held
        self._held = 0
        if self._waits_for_more(room, count):
            self._held = count
            return b""
        used = self._find_end(room, count)
        rest = bytes(room[used:count])
        self._size += used
        if self._size > self._limit:
            raise ArticleCorruptError(f"it is longer than {self._limit} bytes")
        if not self._stuck:
            try:
                self._take(room, used)
            except Exception as error:  # noqa: BLE001 - any error means a damaged article
                self._give_up(f"it cannot be decoded ({_words(error)})")
        return rest

    def _waits_for_more(self, room: memoryview, count: int) -> bool:
        """Whether what has come is as much as was claimed: the end comes next, if it is right.

        Then all of it is searched and decoded at once. More comes in any case, since it does not
        end like an answer.
        """
        return (
            self._is_claimed
            and not self._expected
            and len(room) - count > _STEP + _SPARE
            and room[count - len(_TERMINATOR) : count] != _TERMINATOR
        )

    def _take(self, room: memoryview, count: int) -> None:
        if not self._begun:
            count = self._find_begin(room, count)
        if count:
            with _DECODING if count > _STEP else nullcontext():
                self._decoder.process(count)
        if self.done:
            self._response = next(self._decoder, None)
        elif len(memoryview(self._decoder)) <= 2 * _SPARE:
            # The decoder waits for the end of a header line; yEnc has none this long.
            self._give_up("")

    def _give_up(self, fault: str) -> None:
        self._stuck, self._fault = True, fault
        self._expected = 0
        self._decoder = Decoder(_BUFFER)

    def result(self) -> bytes:
        """The payload; `ArticleCorruptError` when it is incomplete, not yEnc, or too large.

        It is in truth a bytearray that nobody else has: a copy would cost 60 µs of GIL.
        """
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
                raise ArticleCorruptError(f"it holds {size} bytes but claims {said}")
        if response.crc_expected is not None and response.crc is None:
            raise ArticleCorruptError("its checksum does not match")
        return cast("bytes", response.data or b"")

    def _find_end(self, room: memoryview, count: int) -> int:
        """How many bytes are ours; the decoder alone could miss a hostile end."""
        seam = self._last + bytes(room[: min(4, count)])
        at = seam.find(_TERMINATOR)
        if at >= 0:
            self.done = True
            return at + len(_TERMINATOR) - len(self._last)
        at = first_in(room, count, _TERMINATOR)
        if at >= 0:
            self.done = True
            return at + len(_TERMINATOR)
        self._last = (self._last + bytes(room[max(0, count - 4) : count]))[-4:]
        return count

    def _find_begin(self, room: memoryview, count: int) -> int:
        """Drop what precedes the yEnc header: the decoder would keep it, line by line.

        Returns how many bytes are left in the room for the decoder.
        """
        data = self._before + bytes(room[:count])
        at = data.find(_BEGIN)
        if at < 0:
            self._before = data[1 - len(_BEGIN) :]
            return 0
        self._begun = True
        data = _STATUS + data[at + 2 :]
        room[: len(data)] = data
        if part := _PART.search(data):
            body = len(data) - part.end()
            claimed = int(part["end"]) - int(part["begin"]) + 1
            self._expected = max(0, min(claimed, LARGEST_PAYLOAD) - body)
        return len(data)


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
