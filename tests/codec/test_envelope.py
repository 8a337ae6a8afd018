"""Envelopes: sealed ones that cannot be linked, plain ones that clients read back."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable
from email.utils import parseaddr

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from usenetsync_tui.codec.envelope import (
    Envelope,
    PlainHeaders,
    SealedHeaders,
    flat_name,
    plain_subject,
)
from usenetsync_tui.codec.nntp import MESSAGE_ID
from usenetsync_tui.errors import SettingsError
from usenetsync_tui.model.segments import Article, Part

KEY = bytes(range(32))
GROUPS = ("alt.binaries.test", "alt.binaries.misc")
PLAIN = PlainHeaders("3f9a.invalid", "Ann Ön <ann@example.invalid>", GROUPS)

ids = st.binary(min_size=16, max_size=16)
paths = st.binary(max_size=400) | st.text(max_size=300).map(
    lambda t: t.encode("utf-8", "surrogatepass")
)


def envelope(number: int, key: bytes = KEY) -> Envelope:
    return SealedHeaders(key, GROUPS).envelope(Article(number.to_bytes(16, "big"), b""))


def words(number: int, key: bytes = KEY) -> list[str]:
    """The words of an article's envelope that are too long to repeat by chance."""
    e = envelope(number, key)
    every = re.split(r"[^A-Za-z0-9]+", f"{e.message_id} {e.sender} {e.subject} {e.name.decode()}")
    return [word for word in every if len(word) >= 9]


def part(path: bytes, number: int = 1, total: int = 20) -> Part:
    return Part(path, number, total, 0, 12_345_678)


# --- sealed ------------------------------------------------------------------------------

HOST = r"[a-z0-9.]+"
MESSAGE_IDS = {
    "hex": r"[0-9a-f]{32}",
    "letters": r"[A-Za-z0-9]{22,32}",
    "dots": r"[A-Za-z0-9]+\.[A-Za-z0-9]+\.[A-Za-z0-9]+",
    "dashes": r"[a-z0-9]{8}(-[a-z0-9]{4}){3}-[a-z0-9]{12}",
    "dollar": r"[a-z0-9]{12,14}\$[a-z0-9]{12,14}",
}
SENDERS = {
    "address": rf"[a-z0-9._]+@{HOST}",
    "name": rf"[A-Z][a-z]+ <[a-z0-9._]+@{HOST}>",
    "two names": rf"[A-Z][a-z]+ [A-Z][a-z]+ <[a-z0-9._]+@{HOST}>",
    "initial": rf"[A-Z]\. [A-Z][a-z]+ <[a-z0-9._]+@{HOST}>",
    "number": rf"[a-z]+[0-9]+ <[a-z0-9._]+@{HOST}>",
    "underscore": rf"[a-z]+_[a-z]+ <[a-z0-9._]+@{HOST}>",
    "other": rf"[A-Za-z0-9._]+ <[a-z0-9._]+@{HOST}>",
}
SUBJECTS = {
    "quoted": r'"[^"]+" yEnc \(1/1\)',
    "counted": r'\[\d+/\d+\] - "[^"]+" yEnc \(1/1\)',
    "bare": r"[^ \"]+ yEnc \(1/1\)",
    "titled": r'[a-z]+ \[\d+/\d+\] "[^"]+" yEnc \(1/1\)',
    "words": r"[a-z]+( [a-z]+)+",
    "hex": r"[0-9a-f]{32}",
    "letters": r"[A-Za-z0-9]{16,32}",
}
NAMES = {
    "hex": r"[0-9a-f]{32}",
    "bare": r"[A-Za-z0-9]+",
    "extension": r"[A-Za-z0-9]+\.[a-z0-9]+",
    "parts": r"[A-Za-z0-9]+\.[a-z0-9]+\.[a-z0-9]+",
    "joined": r"[a-z]+[._-][A-Za-z0-9]+(\.[a-z0-9.]+)?",
}


def shares(shapes: dict[str, str], texts: list[str]) -> dict[str, float]:
    """How many of the texts have each pattern; every text must have one."""
    counts = dict.fromkeys(shapes, 0)
    for text in texts:
        shape = next((name for name, p in shapes.items() if re.fullmatch(p, text)), None)
        assert shape is not None, text
        counts[shape] += 1
    return {name: count / len(texts) for name, count in counts.items()}


@pytest.mark.parametrize(
    ("shapes", "of"),
    [
        (MESSAGE_IDS, lambda e: e.message_id.partition("@")[0]),
        (SENDERS, lambda e: e.sender),
        (SUBJECTS, lambda e: e.subject),
        (NAMES, lambda e: e.name.decode()),
    ],
)
def test_no_pattern_fits_most_sealed_headers(
    shapes: dict[str, str], of: Callable[[Envelope], str]
) -> None:
    found = shares(shapes, [of(envelope(number)) for number in range(3_000)])
    assert min(found.values()) > 0.02, found
    assert max(found.values()) < 0.5, found


def test_hosts_are_in_no_real_domain_and_varied() -> None:
    hosts = [
        text.rstrip(">").partition("@")[2]
        for number in range(3_000)
        for text in (envelope(number).message_id, envelope(number).sender)
    ]
    not_a_domain = re.compile(
        r"(.+\.)?([a-z0-9]+\.(aa|q[m-z]|x[a-z]|zz)|[a-z0-9]+\.example\.(com|net|org)"
        r"|[a-z0-9]+\.(test|example|invalid|local|internal))"
    )
    assert all(not_a_domain.fullmatch(host) for host in hosts)
    assert not any(host.endswith((".xk", ".xn")) for host in hosts), "these domains may exist"
    ends = Counter(host.rpartition(".")[2] for host in hosts)
    assert len(ends) > 40
    assert max(ends.values()) < len(hosts) / 20, ends
    assert 0 < ends["invalid"] < len(hosts) / 50
    assert len(set(hosts)) > len(hosts) * 0.95


@given(ids, st.binary(min_size=32, max_size=32))
def test_sealed_headers_are_legal_and_the_same_each_time(message_id: bytes, key: bytes) -> None:
    first, second = (
        SealedHeaders(key, GROUPS).envelope(Article(message_id, payload, redundancy=copy))
        for copy, payload in enumerate((b"x", b"y"))
    )
    assert first == second
    assert first.message_id == SealedHeaders(key, GROUPS).wire_id(message_id)
    assert MESSAGE_ID.fullmatch(first.message_id)
    assert len(first.message_id) <= 100
    assert parseaddr(first.sender)[1].count("@") == 1
    assert "." in parseaddr(first.sender)[1].partition("@")[2]
    for text in (first.sender, first.subject, first.name.decode()):
        assert text.isascii() and text.isprintable() and len(text) <= 120
    assert first.newsgroups == "alt.binaries.test,alt.binaries.misc"


def test_a_subject_names_the_file_that_the_yenc_lines_name() -> None:
    for number in range(1_000):
        e = envelope(number)
        quoted = re.search(r'"([^"]+)"', e.subject)
        assert quoted is None or quoted[1] == e.name.decode()


def test_sealed_articles_share_no_word() -> None:
    every = [word for number in range(2_000) for word in set(words(number))]
    # A short word may repeat in 2,000 articles, as a name does; a long one may not.
    assert len(set(every)) > len(every) * 0.999
    long = [word for word in every if len(word) >= 16]
    assert len(set(long)) == len(long) > 2_000


def test_message_ids_have_enough_random_bits() -> None:
    style = SealedHeaders(KEY, GROUPS)
    left = [style.wire_id(n.to_bytes(16, "big")).partition("@")[0] for n in range(20_000)]
    assert len(set(left)) == len(left)
    for text in left:
        letters = re.sub(r"[^A-Za-z0-9]", "", text)
        alphabet = 16 if re.fullmatch("[0-9a-f]+", letters) else 36 if letters.islower() else 62
        assert len(letters) * math.log2(alphabet) >= 120


def test_letters_are_spread_evenly() -> None:
    style = SealedHeaders(KEY, GROUPS)
    left = [style.wire_id(n.to_bytes(16, "big")).partition("@")[0] for n in range(20_000)]
    text = "".join(x for x in left if re.fullmatch(r"[A-Za-z0-9]+", x) and not x.islower())
    found = [text.count(letter) * 62 / len(text) for letter in sorted(set(text))]
    assert len(found) == 62
    assert 0.8 < min(found) and max(found) < 1.2


def test_message_ids_of_posted_articles_do_not_change() -> None:
    """Articles posted before there were patterns are found only under these names."""
    style = SealedHeaders(KEY, GROUPS, 1)
    known = {
        bytes(16): "Lrg40pPfWkVW5g7V1U04jZfMfUvxg2FgVzD67qwRxw@bbmyfuenokdid.invalid",
        b"\xff" * 16: "tKdFIh6kANTRM2O3Xd3NZBHoFEoXhBg4L@jlrgxlglfqb.invalid",
    }
    for message_id, wire_id in known.items():
        assert style.wire_id(message_id) == wire_id
    assert style.envelope(Article(bytes(16), b"")).message_id == style.wire_id(bytes(16))


def test_message_ids_of_the_newest_envelope_do_not_change() -> None:
    style = SealedHeaders(KEY, GROUPS)
    assert style.wire_id(bytes(16)) == "512bf2315f7c944012f6c49856af1c44@vielex.xh"
    assert style.wire_id(b"\xff" * 16) == "dkNH4CR3p.wygJ6qh2.6CpefjHfT@d8n0ggn4.internal"


def test_another_key_gives_other_headers() -> None:
    assert not set(words(1)) & set(words(1, bytes(32)))


def test_nothing_of_the_id_or_the_key_shows() -> None:
    style = SealedHeaders(KEY, GROUPS)
    shown = repr(style) + str(style.envelope(Article(b"\xab" * 16, b"")))
    assert KEY.hex() not in shown and repr(KEY) not in shown
    assert "abab" not in shown.lower()


@pytest.mark.parametrize("key", [b"", b"short", bytes(33)])
def test_a_sealed_envelope_needs_a_complete_key(key: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        SealedHeaders(key, GROUPS)


# --- plain -------------------------------------------------------------------------------


def test_a_plain_envelope() -> None:
    article = Article(bytes(range(16)), b"x", part(b"a/b/c.txt", 3))
    envelope = PLAIN.envelope(article)
    assert envelope.message_id == "000102030405060708090a0b0c0d0e0f@3f9a.invalid"
    assert envelope.message_id == PLAIN.wire_id(article.message_id)
    assert envelope.sender == "Ann Ön <ann@example.invalid>"
    assert envelope.newsgroups == "alt.binaries.test,alt.binaries.misc"
    assert envelope.subject == '"a - b - c.txt" yEnc (03/20) 12345678'
    assert envelope.name == b"a - b - c.txt"


def test_a_plain_article_has_a_part() -> None:
    with pytest.raises(ValueError, match="part"):
        PLAIN.envelope(Article(bytes(16), b"x"))


@pytest.mark.parametrize(
    ("number", "total", "counter"),
    [(1, 1, "(1/1)"), (9, 10, "(09/10)"), (10, 10, "(10/10)"), (7, 1234, "(0007/1234)")],
)
def test_part_counters_are_padded(number: int, total: int, counter: str) -> None:
    assert f" yEnc {counter} " in plain_subject(part(b"x.bin", number, total), "x.bin")


@pytest.mark.parametrize("domain", ["", "a b", "a..b", ".a", "ü.de", "a@b", "a>b", "-a", "x" * 201])
def test_a_domain_must_be_legal(domain: str) -> None:
    with pytest.raises(SettingsError):
        PlainHeaders(domain, "a@b.invalid", GROUPS)


@pytest.mark.parametrize(
    "sender",
    ["", "nobody", "a@", "@b", "a\r\nX: y <a@b.c>", "a b@c.d e", "é@b.c", "\0"],
)
def test_a_sender_must_be_legal(sender: str) -> None:
    with pytest.raises(SettingsError):
        PlainHeaders("a.invalid", sender, GROUPS)


@pytest.mark.parametrize(
    "groups", [[], [""], ["a b"], ["a,b"], ["a\n"], ["ä.b"], ["a."], ["a" * 901]]
)
def test_newsgroups_must_be_legal(groups: list[str]) -> None:
    with pytest.raises(SettingsError):
        PlainHeaders("a.invalid", "a@b.c", groups)
    with pytest.raises(SettingsError):
        SealedHeaders(KEY, groups)


def test_a_domain_is_lower_case_on_the_wire() -> None:
    assert PlainHeaders("A.Invalid", "a@b.c", GROUPS).wire_id(bytes(16)).endswith("@a.invalid")


# --- what clients make of a subject ------------------------------------------------------


def sabnzbd_name(subject: str) -> str:
    """SABnzbd's rule: the first quoted run that is not empty."""
    return next(n for quoted in re.findall(r'"([^"]*)"', subject) if (n := quoted.strip(' "')))


def nzbget_name(subject: str) -> str:
    """NZBGet's rule: drop a closing ``yEnc (1/2)``; take the first quoted run if it has a dot
    after its first character; else the last word (a quoted run is one) with a dot before its
    end, else the last word."""
    subject = re.sub(r"(?<=.) yEnc \(\d*/\d*\)$", "", subject)
    quoted = re.search(r'"([^"][^"]*)"', subject)
    if quoted and "." in quoted[1][1:]:
        return quoted[1]
    words = [q or w for q, w in re.findall(r'"([^"]*)"|([^" ]+)', subject)]
    dotted = [word for word in words if re.search(r"^[^.]*\..", word)]
    return (dotted or words)[-1]


@given(paths, st.integers(1, 5_000), st.integers(0, 5_000))
@example(b"README", 1, 0)
@example(b"a b c", 2, 30)
@example(b"yEnc (1/2)", 1, 0)
def test_clients_read_the_name_back(path: bytes, number: int, more: int) -> None:
    subject = plain_subject(part(path, number, number + more), flat_name(path))
    assert sabnzbd_name(subject) == flat_name(path)
    assert nzbget_name(subject) == flat_name(path)
    counter = re.search(r'" yEnc \((\d+)/(\d+)\)( \d+)?$', subject)
    assert counter
    assert (int(counter[1]), int(counter[2])) == (number, number + more)
    assert len(counter[1]) == len(counter[2])


# --- plain, with a veil ------------------------------------------------------------------

VEIL = bytes(range(100, 132))


def veiled(number: int, of: Part, veil: bytes | None = VEIL) -> Envelope:
    style = PlainHeaders("3f9a.invalid", "Ann <ann@example.invalid>", GROUPS, veil=veil)
    return style.envelope(Article(number.to_bytes(16, "big"), b"", of))


@given(st.integers(0, 2**128 - 1), paths)
def test_obfuscation_hides_only_poster_subject_and_name(number: int, path: bytes) -> None:
    bare, hidden = (veiled(number, part(path), veil) for veil in (None, VEIL))
    assert (hidden.message_id, hidden.newsgroups) == (bare.message_id, bare.newsgroups)
    assert hidden == veiled(number, part(b"another name"))  # nothing in it is derived from the path
    assert hidden != veiled(number, part(path), bytes(32))
    assert "ann@example" not in hidden.sender
    # NZBGet uses the NZB's name only if the article's name has only letters and digits.
    assert re.fullmatch(rb"[0-9a-f]{32}", hidden.name)
    counter = re.search(r"yEnc \((\d+)/(\d+)\)", hidden.subject)
    assert counter is None or counter.groups() == ("01", "20")


def test_obfuscated_parts_of_one_file_have_nothing_in_common() -> None:
    every = [veiled(number, part(b"film.mkv", number + 1, 300)) for number in range(300)]
    for of in (lambda e: e.sender, lambda e: e.subject, lambda e: e.name):
        assert len({of(e) for e in every}) == len(every)
    subjects = {shape: pattern.replace("1/1", r"\d{3}/300") for shape, pattern in SUBJECTS.items()}
    assert min(shares(subjects, [e.subject for e in every]).values()) > 0.01
    assert max(shares(SENDERS, [e.sender for e in every]).values()) < 0.5
