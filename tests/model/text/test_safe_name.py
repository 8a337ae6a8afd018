"""Names as a terminal may show them."""

from __future__ import annotations

import os
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usenetsync_tui.model.text.safe_name import safe_name


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"", ""),
        (b"plain name.txt", "plain name.txt"),
        (b"[@click=app.quit]x[/]", "[@click=app.quit]x[/]"),
        ("写真/夏休み é".encode(), "写真/夏休み é"),
        (b"a\nb\tc\rd", "a␊b␉c␍d"),
        (b"\x1b]0;owned\x07", "␛]0;owned␇"),
        (b"del\x7f", "del␡"),
        (b"caf\xe9", "caf\\xe9"),
        (b"c1 \xc2\x9b31m", "c1 \\x9b31m"),
        ("rtl \u202egpj.exe".encode(), "rtl \ufffdgpj.exe"),
        ("zero\u200bwidth\ufeff".encode(), "zero\ufffdwidth\ufffd"),
        ("\u2028".encode(), "\ufffd"),
        ("❤\ufe0f 👍\U0001f3fd".encode(), "❤ 👍"),
        ("Z\u0301\u0302\u0303\u0304z".encode(), "Z\u0301\u0302z"),
    ],
)
def test_examples(name: bytes, shown: str) -> None:
    assert safe_name(name) == shown


def test_text_from_the_kernel_is_safe_too() -> None:
    assert safe_name(os.fsdecode(b"caf\xe9\n")) == "caf\\xe9␊"


def _is_harmless(text: str) -> bool:
    return all(char.isprintable() or unicodedata.combining(char) for char in text)


@given(st.binary(max_size=300))
def test_any_bytes_become_harmless(name: bytes) -> None:
    shown = safe_name(name)
    assert _is_harmless(shown)
    shown.encode("utf-8")


@given(st.text(st.characters(exclude_categories=()), max_size=200))
def test_any_text_becomes_harmless(name: str) -> None:
    shown = safe_name(name)
    assert _is_harmless(shown)
    shown.encode("utf-8")


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E)))
def test_printable_ascii_is_unchanged(name: str) -> None:
    assert safe_name(name.encode()) == name
    assert safe_name(name) == name
