"""NZB 1.1: written as expected byte by byte, read back, and hostile ones refused."""

from __future__ import annotations

import resource
from xml.dom import minidom

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usenetsync_tui.codec import nzb
from usenetsync_tui.codec.nzb import NzbFile, NzbSegment
from usenetsync_tui.errors import UsageError

SAMPLE = b"""\
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE nzb PUBLIC "-//newzBin//DTD NZB 1.1//EN" "http://www.newzbin.com/DTD/nzb/nzb-1.1.dtd">
<nzb xmlns="http://www.newzbin.com/DTD/2003/nzb">
  <file poster="Ann &lt;ann@example.invalid&gt;" date="1700000000" \
subject="[1/1] - &quot;R&amp;B - \xc3\xbc.flac&quot; yEnc (1/2) 1000000">
    <groups>
      <group>alt.binaries.test</group>
      <group>alt.binaries.misc</group>
    </groups>
    <segments>
      <segment bytes="792267" number="1">00ff@3f9a.invalid</segment>
      <segment bytes="240001" number="2">a&amp;b@3f9a.invalid</segment>
    </segments>
  </file>
</nzb>
"""
FILES = [
    NzbFile(
        '[1/1] - "R&B - ü.flac" yEnc (1/2) 1000000',
        "Ann <ann@example.invalid>",
        1_700_000_000,
        ("alt.binaries.test", "alt.binaries.misc"),
        (NzbSegment(1, 792_267, "00ff@3f9a.invalid"), NzbSegment(2, 240_001, "a&b@3f9a.invalid")),
    )
]


def written(files: list[NzbFile]) -> bytes:
    pieces = [nzb.head()]
    for f in files:
        about = {"subject": f.subject, "poster": f.poster}
        pieces.append(nzb.file_element(**about, date=f.date, groups=f.groups))
        pieces += map(nzb.segment_element, f.segments)
        pieces.append(nzb.file_end())
    return b"".join([*pieces, nzb.tail()])


def test_written_as_the_format_says() -> None:
    assert written(FILES) == SAMPLE


def test_read_back() -> None:
    assert nzb.read(SAMPLE) == FILES


def test_an_empty_one() -> None:
    assert nzb.read(written([])) == []


def test_nzbs_of_other_programs_are_read() -> None:
    """No DOCTYPE, no namespace, a head, blanks around an id, attributes missing."""
    text = (
        b"<nzb><head><meta type='title'>x</meta></head><file subject='s'><groups/>"
        b"<segments><segment number='1'>\n a@b \n</segment></segments></file></nzb>"
    )
    assert nzb.read(text) == [NzbFile("s", "", 0, (), (NzbSegment(1, 0, "a@b"),))]


texts = st.text(alphabet=st.characters(), max_size=60)
legal = st.text(
    st.characters(
        exclude_categories=("Cs",),
        exclude_characters=[chr(n) for n in range(32) if n not in (9, 10, 13)]
        + ["\ufffe", "\uffff"],
    ),
    max_size=60,
)
message_ids = st.from_regex(r"[!-;=?-~]{1,60}@[!-;=?-~]{1,60}", fullmatch=True)
numbers = st.integers(0, 10**14)


@given(legal, legal, numbers, st.lists(st.tuples(numbers, numbers, message_ids), max_size=4))
def test_written_nzbs_are_read_back(
    subject: str, poster: str, date: int, segments: list[tuple[int, int, str]]
) -> None:
    file = NzbFile(subject, poster, date, ("a.b",), tuple(NzbSegment(*s) for s in segments))
    assert nzb.read(written([file, file])) == [file, file]


@given(texts, texts, texts)
def test_any_text_stays_well_formed(subject: str, poster: str, group: str) -> None:
    text = written([NzbFile(subject, poster, 0, (group,), ())])
    element = minidom.parseString(text).getElementsByTagName("file")[0]
    assert set(element.attributes.keys()) == {"subject", "poster", "date"}
    assert len(element.getAttribute("subject")) == len(subject)
    assert len(nzb.read(text)) == 1


def test_lone_surrogates_and_controls_are_replaced() -> None:
    file = NzbFile("a\ud800b\x00c\x1bd\uffff", "p", 0, (), ())
    assert nzb.read(written([file]))[0].subject == "a\ufffdb\ufffdc\ufffdd\ufffd"


LAUGHS = (
    b'<!DOCTYPE nzb [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    b"<nzb><file subject='&b;'/></nzb>"
)
EXTERNAL = b'<!DOCTYPE nzb [<!ENTITY x SYSTEM "file:///etc/passwd">]><nzb>&x;</nzb>'
DEFAULTS = (
    b'<!DOCTYPE nzb [<!ATTLIST file subject CDATA "' + b"x" * 500_000 + b'">]><nzb>'
    b"" + b"<file/>" * 10_000 + b"</nzb>"
)


@pytest.mark.parametrize("hostile", [LAUGHS, EXTERNAL, DEFAULTS], ids=["laughs", "file", "default"])
def test_declarations_are_refused(hostile: bytes) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(UsageError, match="DTD inside"):
        nzb.read(hostile)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10


@pytest.mark.parametrize(
    "message_id", ["", "a b", "a\r\nQUIT", "a>b", "<a@b>", "é@b", "x" * 249, "a\x7fb"]
)
def test_an_article_that_cannot_be_one_is_refused(message_id: str) -> None:
    with pytest.raises(UsageError, match="valid Message-ID"):
        nzb.read(written([NzbFile("s", "p", 0, (), (NzbSegment(1, 1, message_id),))]))


@pytest.mark.parametrize("number", [b"x", b"-1", b"", b"1e9", "١".encode(), b"9" * 5_000])
def test_an_invalid_number_is_refused(number: bytes) -> None:
    with pytest.raises(UsageError, match="not a number"):
        nzb.read(SAMPLE.replace(b"240001", number))


@pytest.mark.parametrize(
    "text", [b"", b"hello", b"<html></html>", SAMPLE[:-3], b"\xff" + SAMPLE, b"<nzb>&nbsp;</nzb>"]
)
def test_an_invalid_nzb_is_refused(text: bytes) -> None:
    with pytest.raises(UsageError):
        nzb.read(text)


def test_an_unknown_encoding_is_refused() -> None:
    with pytest.raises(UsageError):
        nzb.read(SAMPLE.replace(b"UTF-8", b"klingon"))


def test_too_large_a_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nzb, "READ_LIMIT", len(SAMPLE) - 1)
    with pytest.raises(UsageError, match="larger"):
        nzb.read(SAMPLE)


@given(st.integers(0, len(SAMPLE) - 1), st.binary(max_size=8), st.integers(0, 8))
def test_damage_never_does_worse_than_be_refused(at: int, patch: bytes, cut: int) -> None:
    try:
        files = nzb.read(SAMPLE[:at] + patch + SAMPLE[at + cut :])
    except UsageError:
        return
    assert all(isinstance(f, NzbFile) for f in files)


@given(st.binary(max_size=300))
def test_any_bytes_are_no_nzb(data: bytes) -> None:
    with pytest.raises(UsageError):
        nzb.read(data)
