"""Articles on the wire and back: fixed bytes, an independent decoder, and hostile answers."""

from __future__ import annotations

import re
import resource
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email.header import decode_header, make_header
from email.parser import BytesParser
from email.policy import compat32
from email.utils import parseaddr, parsedate_to_datetime
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from trees import SEGMENT, content

from usenetsync_tui.codec import yenc
from usenetsync_tui.codec.envelope import Envelope, PlainHeaders, SealedHeaders
from usenetsync_tui.codec.yenc import BodyReader, WireArticle, encode, encoded_lines
from usenetsync_tui.errors import ArticleCorruptError
from usenetsync_tui.model.segments import Article, Encoded, Part

ENVELOPE = Envelope("id@x.invalid", "Ann <ann@x.invalid>", "alt.test,alt.misc", "hello", b"n.bin")
NOON = datetime(2024, 2, 29, 12, 0, tzinfo=UTC)
CRITICAL = bytes((c - 42) % 256 for c in b"\0\r\n=.\t ")
"""Source bytes that yEnc must escape, everywhere or at the ends of a line."""

payloads = (
    st.binary(max_size=600)
    | st.lists(st.sampled_from(CRITICAL), max_size=600).map(bytes)
    | st.tuples(st.sampled_from(CRITICAL), st.integers(100, 400)).map(
        lambda p: bytes([p[0]]) * p[1]
    )
)
values = st.text(st.characters(), max_size=400) | st.text('\r\n\0.=? é"<>@', max_size=60)


def wire(article: Article, envelope: Envelope = ENVELOPE, date: datetime | None = None) -> bytes:
    return b"".join(encode(article, envelope, date=date).buffers)


def article(payload: bytes, part: Part | None = None) -> Article:
    return Article(bytes(16), payload, part)


def received(data: bytes) -> bytes:
    """The article as a reader decodes it: RFC 3977 §3.1.1, line by line."""
    lines = data.split(b"\r\n")
    assert lines[-2:] == [b".", b""]
    assert b"." not in lines[:-2]
    for line in lines:
        assert not set(line) & set(b"\r\n\0")
        assert len(line) <= 998
    return b"".join((li[1:] if li[:1] == b"." else li) + b"\r\n" for li in lines[:-2])


def body_lines(data: bytes) -> list[bytes]:
    return received(data).partition(b"\r\n\r\n")[2].split(b"\r\n")[:-1]


def decoded(lines: list[bytes]) -> bytes:
    """yEnc as its specification describes it, byte by byte."""
    out, escaped = bytearray(), False
    for byte in b"".join(lines):
        if byte == ord("=") and not escaped:
            escaped = True
            continue
        out.append((byte - 42 - 64 * escaped) % 256)
        escaped = False
    assert not escaped
    return bytes(out)


def headers(data: bytes) -> dict[str, str]:
    message = BytesParser(policy=compat32).parsebytes(received(data), headersonly=True)
    assert not message.defects
    return dict(message.items())


def pieces(data: bytes, cuts: list[int]) -> Iterator[bytes]:
    edges = [0, *sorted({cut % (len(data) + 1) for cut in cuts}), len(data)]
    for start, end in pairwise(edges):
        yield data[start:end]


def read(data: bytes, cuts: list[int] | None = None) -> tuple[bytes, int]:
    """(payload, bytes used) of an answer, fed in pieces."""
    reader, used = BodyReader(), 0
    for piece in pieces(data, cuts or []):
        used += reader.feed(memoryview(piece))
    return reader.result(), used


# --- encode ------------------------------------------------------------------------------


def test_an_article_of_its_own() -> None:
    made = encode(article(b"Hello, \xd6\xe3\x04world."), ENVELOPE, date=NOON)
    assert b"".join(made.buffers) == (
        b"From: Ann <ann@x.invalid>\r\n"
        b"Newsgroups: alt.test,alt.misc\r\n"
        b"Subject: hello\r\n"
        b"Message-ID: <id@x.invalid>\r\n"
        b"Date: Thu, 29 Feb 2024 12:00:00 +0000\r\n"
        b"\r\n"
        b"=ybegin part=1 total=1 line=128 size=16 name=n.bin\r\n"
        b"=ypart begin=1 end=16\r\n"
        b"r\x8f\x96\x96\x99VJ=@=M.\xa1\x99\x9c\x96\x8eX\r\n"
        b"=yend size=16 part=1 pcrc32=a5e75368 crc32=a5e75368\r\n"
        b".\r\n"
    )
    assert isinstance(made, WireArticle)
    assert made.size == sum(map(len, made.buffers)) - 3


def test_a_part_of_a_file() -> None:
    part = Part(b"a/b.bin", 2, 20, 768_000, 15_000_000)
    style = PlainHeaders("x.invalid", "Ann <a@b.c>", ["alt.test"])
    sent = article(content(1_000), part)
    lines = body_lines(wire(sent, style.envelope(sent)))
    assert lines[0] == b"=ybegin part=2 total=20 line=128 size=15000000 name=a - b.bin"
    assert lines[1] == b"=ypart begin=768001 end=769000"
    assert lines[-1] == b"=yend size=1000 part=2 pcrc32=%08x" % zlib.crc32(content(1_000))


def test_a_file_of_one_part_has_the_checksum_of_the_file_too() -> None:
    lines = body_lines(wire(article(b"abc", Part(b"a", 1, 1, 0, 3))))
    assert lines[-1] == b"=yend size=3 part=1 pcrc32=352441c2 crc32=352441c2"


def test_nothing_at_all_is_an_article_too() -> None:
    lines = body_lines(wire(article(b"")))
    assert lines == [
        b"=ybegin part=1 total=1 line=128 size=0 name=n.bin",
        b"=ypart begin=1 end=0",
        b"=yend size=0 part=1 pcrc32=00000000 crc32=00000000",
    ]


@given(payloads)
@example(CRITICAL[4:5] * 1_000)
@example(CRITICAL * 200)
@example(b"\x04" + b"x" * 127 + b"\x04" * 129)
def test_bodies_are_yenc_with_no_line_beginning_with_a_dot(payload: bytes) -> None:
    data = wire(article(payload))
    _, body, trailer = encode(article(payload), ENVELOPE, date=None).buffers
    assert not body.startswith((b".", b"\r", b"\n"))
    assert b"\n." not in body and not body.endswith((b"\r", b"\n"))
    assert trailer.startswith(b"\r\n=yend " if payload else b"=yend ")
    lines = body_lines(data)[2:-1]
    assert decoded(lines) == payload
    assert all(0 < len(line) <= 129 for line in lines)
    assert all(len(line) >= 128 for line in lines[:-1])


@given(st.binary(min_size=1, max_size=3_000))
@example(b"." * 600)
@example(CRITICAL[:1] * 600)
def test_lines_that_were_made_before_are_the_same_article(payload: bytes) -> None:
    lines, crc = encoded_lines(payload)
    made = Encoded(memoryview(lines), crc, len(payload), None)
    part = Part(b"n.bin", 2, 3, 5_000, 9_000)
    for one in (article(payload), article(payload, part)):
        assert wire(replace(one, payload=b"not used", encoded=made)) == wire(one)
    assert yenc.decoded(made) == payload
    with pytest.raises(ArticleCorruptError):
        yenc.decoded(replace(made, crc=crc ^ 1))


def test_the_body_of_a_segment_costs_three_percent() -> None:
    made = encode(article(content(SEGMENT)), ENVELOPE, date=NOON)
    assert SEGMENT * 1.02 < made.size < SEGMENT * 1.04
    doubled = encode(article(CRITICAL[:1] * SEGMENT), ENVELOPE, date=NOON)
    assert doubled.size > 2 * SEGMENT


# --- headers -----------------------------------------------------------------------------


def test_a_date_is_in_utc() -> None:
    local = NOON.astimezone(timezone(timedelta(hours=-9, minutes=-30)))
    told = headers(wire(article(b"x"), date=local))["Date"]
    assert told.endswith("+0000") and parsedate_to_datetime(told) == NOON


@given(values, values, values, values, st.binary(max_size=400))
@example("\r\nX: y", "a <b>\r\n.\r\n", "a\r\n b", "a>\r\n\r\nb", b"a\r\n=ybegin\0")
@example(".", ".", ".", ".", b".")
@example("é" * 2_000, "é" * 2_000 + " <a@b.c>", "a" * 900, "a" * 200, b"n" * 1_000)
@example("x" * 2_000, "x" * 2_000 + " <a@b.c>", "a", "a", b"")
def test_no_header_can_be_broken_out_of(
    subject: str, sender: str, newsgroups: str, message_id: str, name: bytes
) -> None:
    envelope = Envelope(message_id, sender, newsgroups[:900], subject, name)
    data = wire(article(b"x"), replace(envelope, message_id=message_id[:250], sender=sender))
    found = headers(data)
    assert list(found) == ["From", "Newsgroups", "Subject", "Message-ID"]
    assert data.partition(b"\r\n\r\n")[0].isascii()
    lines = body_lines(data)
    assert [line[:7] for line in lines if line[:2] == b"=y"] == [b"=ybegin", b"=ypart ", b"=yend s"]
    assert lines[0].partition(b" name=")[2] == re.sub(rb"[\x00-\x1f\x7f]", b"_", name)[:255]
    assert read(data)[0] == b"x"


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=300))
@example("=?utf-8?B?aGk=?=")
@example("漢字" * 120)
@example("a" * 989)
@example("👩‍👩‍👧‍👦" * 30)
def test_a_subject_is_read_as_it_was_written(subject: str) -> None:
    found = headers(wire(article(b"x"), replace(ENVELOPE, subject=subject)))["Subject"]
    assert str(make_header(decode_header(found))) == subject.strip()
    for word in re.findall(r"=\?\S*", found) if not subject.isascii() else []:
        assert len(word) <= 75


@pytest.mark.parametrize(
    ("sender", "line"),
    [
        ("a@b.c", "a@b.c"),
        ("Ann Other <a@b.c>", "Ann Other <a@b.c>"),
        ("J. R. (Bob) <a@b.c>", '"J. R. (Bob)" <a@b.c>'),
        ("Ünn <a@b.c>", "=?utf-8?B?w5xubg==?= <a@b.c>"),
        ('A "B" C <a@b.c>', "=?utf-8?B?QSAiQiIgQw==?= <a@b.c>"),
    ],
)
def test_a_sender_keeps_its_name_and_address(sender: str, line: str) -> None:
    found = headers(wire(article(b"x"), replace(ENVELOPE, sender=sender)))["From"]
    assert found == line
    assert parseaddr(found)[1] == "a@b.c"


def test_sealed_headers_need_no_encoding() -> None:
    sent = article(b"x")
    envelope = SealedHeaders(bytes(32), ["alt.test"]).envelope(sent)
    assert headers(wire(sent, envelope)) == {
        "From": envelope.sender,
        "Newsgroups": "alt.test",
        "Subject": envelope.subject,
        "Message-ID": f"<{envelope.message_id}>",
    }


# --- BodyReader --------------------------------------------------------------------------

HEAD = b"=ybegin part=1 total=1 line=128 size=3 name=a\r\n=ypart begin=1 end=3\r\n"
ABC = HEAD + b"\x8b\x8c\x8d\r\n=yend size=3 part=1 pcrc32=352441c2\r\n.\r\n"


def test_a_known_body() -> None:
    assert read(ABC) == (b"abc", len(ABC))


def test_the_sample_of_the_specification_s_single_part_form() -> None:
    data = (
        b"=ybegin line=128 size=3 name=a b\r\n\x8b\x8c\x8d\r\n=yend size=3 crc32=352441c2\r\n.\r\n"
    )
    assert read(data)[0] == b"abc"
    assert read(data.replace(b" crc32=352441c2", b""))[0] == b"abc"


def test_a_stuffed_dot_is_unstuffed() -> None:
    data = (
        b"=ybegin line=128 size=2 name=a\r\n..\x8b\r\n=yend size=2 crc32=%08x\r\n.\r\n"
        % zlib.crc32(b"\x04a")
    )
    assert read(data)[0] == b"\x04a"


@given(payloads, st.lists(st.integers(min_value=0), max_size=12), st.binary(max_size=40))
def test_encoded_articles_are_read_in_any_chunks(
    payload: bytes, cuts: list[int], following: bytes
) -> None:
    whole = wire(article(payload))
    for answer in (whole, whole.partition(b"\r\n\r\n")[2]):  # ARTICLE, BODY
        assert read(answer + following, cuts) == (payload, len(answer))


@pytest.mark.parametrize("step", [1, 2, 3, 5, 127])
def test_every_cut_is_met(step: int) -> None:
    payload = CRITICAL * 60
    data = wire(article(payload))
    assert read(data, list(range(0, len(data), step))) == (payload, len(data))


@pytest.mark.parametrize("step", [1_000, 16_384, 65_536, 262_144, 2_000_000])
def test_a_whole_segment_is_read(step: int) -> None:
    payload = content(SEGMENT)
    data = wire(article(payload), date=NOON)
    assert read(data + b"430 no\r\n", list(range(0, len(data), step))) == (payload, len(data))


def test_pipelined_answers_do_not_touch_each_other() -> None:
    rest, payloads = ABC * 3, []
    while rest:
        reader = BodyReader()
        rest = rest[reader.feed(rest) :]
        assert reader.done
        assert reader.feed(rest) == 0
        payloads.append(reader.result())
    assert payloads == [b"abc"] * 3


def test_one_reader_reads_one_answer_after_the_other_as_a_socket_would_bring_them() -> None:
    payloads = [content(SEGMENT), b"", b"abc", CRITICAL * 60, content(3 * SEGMENT)]
    data = b"".join(wire(article(p)).partition(b"\r\n\r\n")[2] for p in payloads) + b"430 no\r\n"
    reader = BodyReader()
    for payload in payloads:
        reader.begin()
        used = reader.feed(data[:300])
        data = data[used:]
        while not reader.done:
            room, _ = reader.room()
            count = min(len(room), len(data))
            room[:count] = data[:count]
            rest = reader.took(count)
            data = rest + data[count:]
        assert reader.result() == payload
    assert data == b"430 no\r\n"


def test_an_answer_shorter_than_it_claims_ends_at_its_terminator() -> None:
    data = wire(article(content(SEGMENT))).partition(b"\r\n\r\n")[2][:100_000] + b"\r\n.\r\n"
    reader = BodyReader()
    reader.feed(data[:300])
    room, is_claimed = reader.room()
    assert is_claimed
    assert len(room) > len(data)
    room[: len(data) - 300] = data[300:]
    assert reader.took(len(data) - 300) == b""
    assert reader.done
    with pytest.raises(ArticleCorruptError, match="its end is missing"):
        reader.result()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b".\r\n", "not yEnc"),
        (b"hello\r\n.\r\n", "not yEnc"),
        (b"begin 644 x\r\n#0V%T\r\n`\r\nend\r\n.\r\n", "not yEnc"),
        (b" " + ABC, "not yEnc"),
        (b"=ybegin " + b"x" * 1_200_000 + b"\r\n.\r\n", "not yEnc"),
        (b"x" * 200_000 + b"\r\n.\r\n", "not yEnc"),
        (b"=ybegin x\r\n.\r\n", "its end is missing"),
        (b"=ybegin line=128 size=0 name=a\r\n.\r\n", "its end is missing"),
        (HEAD + b".\r\n", "its end is missing"),
        (HEAD + b"\x8b\x8c\x8d\r\n.\r\n", "its end is missing"),
        (HEAD + b"\x8b\x8c\r\n.\r\n", "its end is missing"),
        (ABC.replace(b"\x8d", b"\x8e"), "checksum"),
        (ABC.replace(b"\x8d", b""), "holds 2 bytes but claims 3"),
        (ABC.replace(b"\x8d", b"\x8d\x8d"), "holds 4 bytes but claims 3"),
        (ABC.replace(b"=yend size=3", b"=yend size=4"), "holds 3 bytes but claims 4"),
        (ABC.replace(b"end=3", b"end=4"), "holds 3 bytes but claims 4"),
        (ABC.replace(b"end=3", b"end=99999999999999"), "holds 3 bytes but claims"),
        (ABC.replace(b"pcrc32=352441c2", b"pcrc32=0"), "checksum"),
        (ABC[:-3] + ABC, "holds 6 bytes but claims 3"),
        (HEAD + b"\x8b\x8c=\r\n.\r\n", "its end is missing"),
    ],
    ids=lambda value: value if isinstance(value, str) else str(len(value)),
)
def test_a_damaged_answer_is_read_to_its_end_and_says_what_is_wrong(
    data: bytes, words: str
) -> None:
    for cuts in ([], list(range(0, len(data), 7))):
        reader, used = BodyReader(), 0
        for piece in pieces(data + b"223 next\r\n", cuts):
            used += reader.feed(piece)
        assert used == len(data)
        with pytest.raises(ArticleCorruptError, match=words):
            reader.result()


def test_an_answer_cut_short_is_damaged() -> None:
    for length in range(len(ABC)):
        reader = BodyReader()
        assert reader.feed(ABC[:length]) == length
        assert not reader.done
        with pytest.raises(ArticleCorruptError, match="in the middle"):
            reader.result()


@pytest.mark.parametrize("size", [(10 << 20) + 1, 12_000_000, 30_000_000])
@pytest.mark.parametrize("step", [1 << 16, 1 << 18, 1 << 30])
def test_an_answer_larger_than_the_decoder_takes_is_damaged_and_read_to_its_end(
    size: int, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yenc, "LARGEST_PAYLOAD", size)  # we post none of these, but others may
    data = wire(article(bytes(size))).partition(b"\r\n\r\n")[2]
    reader, used = BodyReader(), 0
    for start in range(0, len(data) + 5, step):
        used += reader.feed((data + b"223 n")[start : start + step])
    assert (reader.done, used) == (True, len(data))
    with pytest.raises(ArticleCorruptError, match="cannot be decoded"):
        reader.result()


def test_the_largest_answer_is_decoded_completely() -> None:
    payload = bytes(9 << 20)
    reader = BodyReader()
    reader.feed(wire(article(payload)).partition(b"\r\n\r\n")[2])
    assert reader.result() == payload


def test_an_answer_without_end_is_given_up() -> None:
    reader = BodyReader(limit=1_000)
    assert reader.feed(b"x" * 1_000) == 1_000
    with pytest.raises(ArticleCorruptError, match="longer than 1000 bytes"):
        reader.feed(b"x")


@pytest.mark.parametrize(
    "start",
    [
        b"",
        HEAD,
        HEAD.replace(b"3", b"99999999999999"),
        HEAD + b"x\r\n=yend size=3\r\n",
        b"=ybegin x\r\n",
        b"begin 644 x\r\n",
    ],
)
def test_memory_stays_near_what_was_received(start: bytes) -> None:
    reader, lines = BodyReader(), b"ab\r\n" * 16_384
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    reader.feed(start)
    for _ in range(16 << 20 >> 16):
        reader.feed(lines)
    reader.feed(b"\r\n.\r\n")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 48 << 10
    with pytest.raises(ArticleCorruptError):
        reader.result()


WORDS = (
    b"=ybegin |=ypart |=yend |size=| name=a|part=1 |begin=|end=|pcrc32=| crc32=|line=128 "
    b"|begin 644 a|99999999999999999999|-1|3|`|=|.|..|\n|\r|\r\n|\0|\xff\xfe|222 ok\r\n|\r\n.\r\n"
)
fragments = st.sampled_from(WORDS.split(b"|"))


@given(
    st.lists(fragments | st.binary(max_size=6), max_size=60).map(b"".join)
    | st.binary(max_size=200),
    st.lists(st.integers(min_value=0), max_size=12),
    st.booleans(),
)
def test_any_answer_ends_at_its_terminator_and_never_does_worse_than_damage(
    data: bytes, cuts: list[int], headed: bool
) -> None:
    data = (HEAD if headed else b"") + data + b"\r\n.\r\n"
    end = (b"\r\n" + data).index(b"\r\n.\r\n") + 3
    reader, used = BodyReader(), 0
    for piece in pieces(data, cuts):
        used += reader.feed(piece)
    assert (reader.done, used) == (True, end)
    try:
        assert len(reader.result()) <= len(data)
    except ArticleCorruptError:
        pass


@given(st.integers(min_value=0), st.integers(0, 7))
def test_a_flipped_bit_in_a_body_is_damage_or_does_not_matter(at: int, bit: int) -> None:
    payload = content(500)
    data = bytearray(wire(article(payload)).partition(b"\r\n\r\n")[2])
    data[at % (len(data) - 5)] ^= 1 << bit
    reader = BodyReader()
    reader.feed(bytes(data))
    try:
        assert reader.result() == payload  # in a name, or a counter
    except ArticleCorruptError:
        pass
