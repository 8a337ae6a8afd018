"""Flat names: harmless, and never one name for two paths, whatever client reads them."""

from __future__ import annotations

import re
import unicodedata
from itertools import product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from trees import HOSTILE_NAMES

from usenetsync_tui.codec.flat_names import (
    NAME_LIMIT,
    distinct_name,
    flat_name,
    flat_name_1,
    folded,
    length,
    name_bytes,
)

paths = st.binary(max_size=400) | st.text(max_size=300).map(
    lambda t: t.encode("utf-8", "surrogatepass")
)
pieces = st.lists(
    st.sampled_from(["a", "b", " ", "-", "/", " - ", ".", "~", "_", "0", "é", "x.bin"])
)


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
def test_a_harmless_name_is_unchanged(path: bytes, name: str) -> None:
    assert flat_name(path) == name


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        (b".hidden", r"_hidden~[0-9a-f]{12}"),
        (b"...", r"_~[0-9a-f]{12}"),
        (b"", r"_~[0-9a-f]{12}"),
        (b"name.", r"name_~[0-9a-f]{12}"),
        (b" x ", r"_x_~[0-9a-f]{12}"),
        (b'say "hi".txt', r"say _hi_~[0-9a-f]{12}\.txt"),
        (b"two\r\nlines\0.txt", r"two__lines_~[0-9a-f]{12}\.txt"),
        (b"latin1 \xe9t\xe9.txt", r"latin1 _t_~[0-9a-f]{12}\.txt"),
        ("bidi \u202egpj.exe".encode(), r"bidi _gpj~[0-9a-f]{12}\.exe"),
        ("zero\u200bwidth".encode(), r"zero_width~[0-9a-f]{12}"),
        (b"../../etc/passwd", r"_- \.\. - etc - passwd~[0-9a-f]{12}"),
        (b"back\\slash", r"back_slash~[0-9a-f]{12}"),
    ],
)
def test_a_changed_name_stays_recognisable(path: bytes, pattern: str) -> None:
    assert re.fullmatch(pattern, flat_name(path))


def test_long_names_keep_their_extension_and_stay_different() -> None:
    one, other = flat_name(b"d/" + b"n" * 300 + b".mkv"), flat_name(b"e/" + b"n" * 300 + b".mkv")
    assert one != other
    assert one.endswith(".mkv") and len(one) == NAME_LIMIT
    assert flat_name(b"n" * NAME_LIMIT) == "n" * NAME_LIMIT
    assert flat_name(b"n" * (NAME_LIMIT + 1)) != "n" * (NAME_LIMIT + 1)


def test_hostile_names_stay_different() -> None:
    assert len({flat_name(name) for name in HOSTILE_NAMES}) == len(HOSTILE_NAMES)


@given(paths)
@example("ü/".encode() * 150)
@example(b"x" * 300 + b"." + b"y" * 300)
@example("漢".encode() * 83)
@example("한".encode() * 200 + b"." + "한".encode() * 16)
def test_any_path_becomes_harmless(path: bytes) -> None:
    for name in (flat_name(path), distinct_name(path, digits=16)):
        assert 0 < length(name) <= NAME_LIMIT
        assert name.isprintable()
        assert not set(name) & set('/\\"<>:|?*')
        assert name == name.strip(" .")


# --- one path, one name ------------------------------------------------------------------

MEET = [
    (b"a/b.bin", b"a - b.bin"),
    (b"a/b/c", b"a - b/c", b"a/b - c", b"a - b - c"),
    (b"a -/b", b"a/- b", b"a - - b", b"a/-/b"),
    (b"a - /b", b"a/ /b", b"a -  - b"),
    (b"x\xff", b"x\xfe", b"x_"),
    (b"what?", b"what*", b"what_"),
    (b".hidden", b"_hidden"),
    (b"name.", b"name_"),
    ("æ¼¢".encode(), "漢".encode()),
    (b"n" * 400, b"n" * 401),
    ("漢".encode() * 90, "漢".encode() * 91),
]


@pytest.mark.parametrize("group", MEET, ids=range(len(MEET)))
def test_paths_that_once_got_the_same_name(group: tuple[bytes, ...]) -> None:
    names = [flat_name(path) for path in group]
    assert len(set(names)) == len(names)
    assert len({name_bytes(name) for name in names}) == len(names)


@pytest.mark.parametrize(
    "path", [b"x?.bin", b"d/x?.bin", b"n" * 400, b"a - b.bin", b".hidden"], ids=range(5)
)
def test_a_path_that_looks_like_a_name_we_made(path: bytes) -> None:
    made = flat_name(path)
    assert flat_name(made.encode()) != made
    assert flat_name(distinct_name(path, digits=16).encode()) != distinct_name(path, digits=16)


@given(pieces, pieces)
def test_no_two_paths_have_one_name(one: list[str], other: list[str]) -> None:
    first, second = "".join(one).encode(), "".join(other).encode()
    if first != second:
        assert flat_name(first) != flat_name(second)
        assert name_bytes(flat_name(first)) != name_bytes(flat_name(second))


def test_all_short_paths_have_names_of_their_own() -> None:
    every = ["".join(p) for n in range(1, 7) for p in product("a-/ ", repeat=n)]
    assert len({flat_name(path.encode()) for path in every}) == len(every)
    # Names of the first kind clash.
    assert len({flat_name_1(path.encode()) for path in every}) < len(every)


def test_unambiguous_names_do_not_change() -> None:
    for path in (b"a/b.bin", b"README", "é/ü.txt".encode(), b"a-b/c - d"[:5], b"x~1.bin"):
        assert flat_name(path) == flat_name_1(path)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (b"a/b.bin", "a - b.bin"),
        (b"a - b.bin", "a - b.bin"),
        (b"what?", "what_~"),
        ("漢".encode() * 81, "漢" * 77 + "~"),
    ],
    ids=range(4),
)
def test_names_of_posted_files_do_not_change(path: bytes, name: str) -> None:
    assert flat_name_1(path).startswith(name)


# --- how clients write them --------------------------------------------------------------


LONG = ["漢" * 83, "한글" * 60, "é" * 200, "е" * 200, "👍🏽" * 30, "n" * 250, "ü漢" * 50 + ".flac"]


@pytest.mark.parametrize("name", LONG, ids=range(len(LONG)))
def test_names_fit_however_a_client_encodes_them(name: str) -> None:
    made = flat_name(b"folder/" + name.encode())
    for written in (
        made,
        name_bytes(made).decode("latin-1"),
        unicodedata.normalize("NFC", made),
        unicodedata.normalize("NFD", made),
    ):
        assert len(written.encode()) <= 255 - 15, "with room for .1 or _duplicate1"


@pytest.mark.parametrize(
    ("one", "other"),
    [("README", "readme"), ("Straße", "STRASSE"), ("é", "e\u0301"), ("ﬁle", "file"), ("Σ", "ς")],
)
def test_names_that_some_systems_do_not_tell_apart(one: str, other: str) -> None:
    assert folded(one) == folded(other)
    assert flat_name(one.encode()) != flat_name(other.encode())
