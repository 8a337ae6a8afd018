"""The text typed into the filter line, and its meaning."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usenetsync_tui.model.lists.files import FileFilter, FileView
from usenetsync_tui.model.lists.filter_words import parse_filter, words_of

_WORDS = st.text(st.characters(exclude_characters='"', exclude_categories=["Cs"]), min_size=1)
_SIZES = st.none() | st.integers(0, (1 << 63) - 2)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", FileFilter()),
        ("   ", FileFilter()),
        ('""', FileFilter()),
        ("IMG cr3", FileFilter((b"IMG", b"cr3"))),
        ('"new york" x', FileFilter((b"new york", b"x"))),
        ('"new yor', FileFilter((b"new yor",))),
        ("日本", FileFilter(("日本".encode(),))),
        ("*.cr3 IMG", FileFilter((b"IMG",), globs=(b"*.cr3",))),
        ("a/**/x? [ab]* [01]", FileFilter((b"[01]",), globs=(b"a/**/x?", b"[ab]*"))),
        ('"*.cr3"', FileFilter((b"*.cr3",))),
        ("is:failed", FileFilter(view=FileView.FAILED)),
        ("IS:Done", FileFilter(view=FileView.DONE)),
        ('"is:failed"', FileFilter((b"is:failed",))),
        (">10M", FileFilter(min_size=10_000_001)),
        (">=10M", FileFilter(min_size=10_000_000)),
        ("<1K", FileFilter(max_size=999)),
        ("<=1KiB", FileFilter(max_size=1024)),
        ("<4Ki", FileFilter(max_size=4095)),
        (">1.5G <=2g", FileFilter(min_size=1_500_000_001, max_size=2_000_000_000)),
        ("<=0", FileFilter(max_size=0)),
        ('">10M"', FileFilter((b">10M",))),
        ("a>10M", FileFilter((b"a>10M",))),
        (">999999999999999999P", FileFilter(min_size=(1 << 63) - 1)),
    ],
)
def test_meaning(text: str, meant: FileFilter) -> None:
    assert parse_filter(text) == meant


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("is:", "queued, posting, done, failed"),
        ("is:gone", "queued, posting, done, failed"),
        (">", ">10M"),
        ("<ten", ">10M"),
        (">1X", ">10M"),
        (">1.M", ">10M"),
        ("<0", "smaller"),
    ],
)
def test_an_invalid_filter_gives_a_sentence(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_filter(text)


@given(st.text())
def test_any_text_is_a_filter_or_a_sentence(text: str) -> None:
    try:
        parse_filter(text)
    except ValueError as error:
        assert str(error).endswith(".")


@given(st.lists(_WORDS, max_size=4), st.none() | st.sampled_from(FileView), _SIZES, _SIZES)
def test_the_words_of_a_filter_parse_to_that_filter(
    words: list[str], view: FileView | None, least: int | None, most: int | None
) -> None:
    wanted = FileFilter(tuple(word.encode() for word in words), view, least, most)
    assert parse_filter(words_of(wanted)) == wanted
