"""Envelopes: sealed ones that link nothing, plain ones that clients read back."""

from __future__ import annotations

import re
from itertools import combinations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from trees import HOSTILE_NAMES

from usenetsync_tui.codec.envelope import (
    NAME_LIMIT,
    PlainDress,
    SealedDress,
    flat_name,
    plain_subject,
)
from usenetsync_tui.errors import SettingsError
from usenetsync_tui.model.segments import Article, Part

KEY = bytes(range(32))
GROUPS = ("alt.binaries.test", "alt.binaries.misc")
PLAIN = PlainDress("3f9a.invalid", "Ann Ön <ann@example.invalid>", GROUPS)

ids = st.binary(min_size=16, max_size=16)
paths = st.binary(max_size=400) | st.text(max_size=300).map(
    lambda t: t.encode("utf-8", "surrogatepass")
)


def sealed(number: int, key: bytes = KEY) -> tuple[str, ...]:
    """The words of an article's envelope that are its own."""
    article = Article(number.to_bytes(16, "big"), b"")
    e = SealedDress(key, GROUPS).envelope(article)
    name, local, domain = re.split(r" <|@", e.sender.rstrip(">"))
    return (*e.message_id.split("@"), e.subject, e.name.decode(), name, local, domain)


def part(path: bytes, number: int = 1, total: int = 20) -> Part:
    return Part(path, number, total, 0, 12_345_678)


# --- sealed ------------------------------------------------------------------------------


@given(ids, st.binary(min_size=32, max_size=32))
def test_sealed_headers_are_legal_and_the_same_each_time(message_id: bytes, key: bytes) -> None:
    first, second = (
        SealedDress(key, GROUPS).envelope(Article(message_id, payload, redundancy=copy))
        for copy, payload in enumerate((b"x", b"y"))
    )
    assert first == second
    assert first.message_id == SealedDress(key, GROUPS).wire_id(message_id)
    assert re.fullmatch(r"[A-Za-z0-9]{32,43}@[a-z]{8,15}\.invalid", first.message_id)
    assert re.fullmatch(r"[A-Z][a-z]{4,10} <[a-z]{6,13}@[a-z]{8,15}\.invalid>", first.sender)
    assert re.fullmatch(r"[A-Za-z0-9]{24,40}", first.subject)
    assert re.fullmatch(rb"[A-Za-z0-9]{16,32}", first.name)
    assert first.newsgroups == "alt.binaries.test,alt.binaries.misc"


def test_sealed_articles_share_no_word() -> None:
    words = [word for number in range(500) for word in sealed(number)]
    long_ones = [word for word in words if len(word) >= 8]
    assert len(set(long_ones)) > len(long_ones) - 3
    for one, other in combinations([sealed(n) for n in range(30)], 2):
        assert not set(one) & set(other)


def test_sealed_lengths_vary() -> None:
    lengths = {tuple(len(word) for word in sealed(number)) for number in range(200)}
    assert len(lengths) > 190


def test_sealed_letters_are_spread_evenly() -> None:
    text = "".join(sealed(number)[0] for number in range(1_000))
    shares = [text.count(letter) * 62 / len(text) for letter in sorted(set(text))]
    assert len(shares) == 62
    assert 0.8 < min(shares) and max(shares) < 1.2


def test_another_key_is_another_world() -> None:
    assert not set(sealed(1)) & set(sealed(1, bytes(32)))


def test_nothing_of_the_id_or_the_key_shows() -> None:
    dress = SealedDress(KEY, GROUPS)
    shown = repr(dress) + str(dress.envelope(Article(b"\xab" * 16, b"")))
    assert KEY.hex() not in shown and repr(KEY) not in shown
    assert "abab" not in shown.lower()


@pytest.mark.parametrize("key", [b"", b"short", bytes(33)])
def test_a_sealed_dress_needs_a_whole_key(key: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        SealedDress(key, GROUPS)


# --- plain -------------------------------------------------------------------------------


def test_a_plain_envelope() -> None:
    article = Article(bytes(range(16)), b"x", part(b"a/b/c.txt", 3))
    envelope = PLAIN.envelope(article)
    assert envelope.message_id == "000102030405060708090a0b0c0d0e0f@3f9a.invalid"
    assert envelope.message_id == PLAIN.wire_id(article.message_id)
    assert envelope.sender == "Ann Ön <ann@example.invalid>"
    assert envelope.newsgroups == "alt.binaries.test,alt.binaries.misc"
    assert envelope.subject == '[1/1] - "a - b - c.txt" yEnc (03/20) 12345678'
    assert envelope.name == b"a - b - c.txt"


def test_a_plain_article_has_a_part() -> None:
    with pytest.raises(ValueError, match="part"):
        PLAIN.envelope(Article(bytes(16), b"x"))


@pytest.mark.parametrize(
    ("number", "total", "counter"),
    [(1, 1, "(1/1)"), (9, 10, "(09/10)"), (10, 10, "(10/10)"), (7, 1234, "(0007/1234)")],
)
def test_part_counters_are_padded(number: int, total: int, counter: str) -> None:
    assert f" yEnc {counter} " in plain_subject(part(b"x.bin", number, total))


@pytest.mark.parametrize("domain", ["", "a b", "a..b", ".a", "ü.de", "a@b", "a>b", "-a", "x" * 201])
def test_a_domain_must_be_legal(domain: str) -> None:
    with pytest.raises(SettingsError):
        PlainDress(domain, "a@b.invalid", GROUPS)


@pytest.mark.parametrize(
    "sender",
    ["", "nobody", "a@", "@b", "a\r\nX: y <a@b.c>", "a b@c.d e", "é@b.c", "\0"],
)
def test_a_sender_must_be_legal(sender: str) -> None:
    with pytest.raises(SettingsError):
        PlainDress("a.invalid", sender, GROUPS)


@pytest.mark.parametrize(
    "groups", [[], [""], ["a b"], ["a,b"], ["a\n"], ["ä.b"], ["a."], ["a" * 901]]
)
def test_newsgroups_must_be_legal(groups: list[str]) -> None:
    with pytest.raises(SettingsError):
        PlainDress("a.invalid", "a@b.c", groups)
    with pytest.raises(SettingsError):
        SealedDress(KEY, groups)


def test_a_domain_is_lower_case_on_the_wire() -> None:
    assert PlainDress("A.Invalid", "a@b.c", GROUPS).wire_id(bytes(16)).endswith("@a.invalid")


# --- names -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (b"a.txt", "a.txt"),
        (b"a/b/c.txt", "a - b - c.txt"),
        (b"dir/.hidden", "dir - .hidden"),
        ("Übung/漢字.pdf".encode(), "Übung - 漢字.pdf"),
        (b"it's (1) [x] & more.tar.gz", "it's (1) [x] & more.tar.gz"),
        (b"README", "README"),
    ],
)
def test_a_harmless_name_stays_as_it_is(path: bytes, name: str) -> None:
    assert flat_name(path) == name


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        (b".hidden", r"_hidden~[0-9a-f]{8}"),
        (b"...", r"_~[0-9a-f]{8}"),
        (b"", r"_~[0-9a-f]{8}"),
        (b"name.", r"name_~[0-9a-f]{8}"),
        (b" x ", r"_x_~[0-9a-f]{8}"),
        (b'say "hi".txt', r"say _hi_~[0-9a-f]{8}\.txt"),
        (b"two\r\nlines\0.txt", r"two__lines_~[0-9a-f]{8}\.txt"),
        (b"latin1 \xe9t\xe9.txt", r"latin1 _t_~[0-9a-f]{8}\.txt"),
        ("bidi \u202egpj.exe".encode(), r"bidi _gpj~[0-9a-f]{8}\.exe"),
        ("zero\u200bwidth".encode(), r"zero_width~[0-9a-f]{8}"),
        (b"../../etc/passwd", r"_- \.\. - etc - passwd~[0-9a-f]{8}"),
        (b"back\\slash", r"back_slash~[0-9a-f]{8}"),
    ],
)
def test_a_changed_name_stays_recognisable(path: bytes, pattern: str) -> None:
    assert re.fullmatch(pattern, flat_name(path))


def test_long_names_keep_their_extension_and_stay_different() -> None:
    one, other = flat_name(b"d/" + b"n" * 300 + b".mkv"), flat_name(b"e/" + b"n" * 300 + b".mkv")
    assert one != other
    assert one.endswith(".mkv") and len(one.encode()) == NAME_LIMIT
    assert flat_name(b"n" * NAME_LIMIT) == "n" * NAME_LIMIT
    assert flat_name(b"n" * (NAME_LIMIT + 1)) != "n" * (NAME_LIMIT + 1)


def test_hostile_names_stay_different() -> None:
    assert len({flat_name(name) for name in HOSTILE_NAMES}) == len(HOSTILE_NAMES)


@given(paths)
@example("ü/".encode() * 150)
@example(b"x" * 300 + b"." + b"y" * 300)
def test_any_path_becomes_harmless(path: bytes) -> None:
    name = flat_name(path)
    assert 0 < len(name.encode()) <= NAME_LIMIT
    assert name.isprintable()
    assert not set(name) & set('/\\"<>:|?*')
    assert name == name.strip(" .")


# --- what clients make of a subject ------------------------------------------------------


def sabnzbd_name(subject: str) -> str:
    """SABnzbd's rule: the first quoted run that is not empty."""
    return next(n for quoted in re.findall(r'"([^"]*)"', subject) if (n := quoted.strip(' "')))


def nzbget_name(subject: str) -> str:
    """NZBGet's rule: drop a closing ``yEnc (1/2)``; the first quoted run if it has a dot
    after its first character; else of the words (quoted runs are one) the last with a dot
    before its end, else the very last."""
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
    subject = plain_subject(part(path, number, number + more))
    assert sabnzbd_name(subject) == flat_name(path)
    assert nzbget_name(subject) == flat_name(path)
    counter = re.search(r'" yEnc \((\d+)/(\d+)\)( \d+)?$', subject)
    assert counter
    assert (int(counter[1]), int(counter[2])) == (number, number + more)
    assert len(counter[1]) == len(counter[2])
